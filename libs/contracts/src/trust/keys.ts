import { z } from 'zod';

/** Answer of `GET /v1/keys`: the keys that manifests are signed with, the first one first. */
export const keysAnswerSchema = z.looseObject({
  keys: z.array(
    z.looseObject({
      /** 16 lowercase hexadecimal digits. */
      number: z.string(),
      /** As signify, usign and minisign have it: the second line of the key's file. */
      publicKey: z.string(),
      /** Path of the key's file. */
      file: z.string(),
    }),
  ),
});

export type KeysAnswer = z.infer<typeof keysAnswerSchema>;
