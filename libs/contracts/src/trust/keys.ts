import { z } from 'zod';

/** Answer of `GET /v1/keys`: the keys that sign manifests, the first one first. */
export const keysAnswerSchema = z.looseObject({
  keys: z.array(
    z.looseObject({
      /** 16 lowercase hexadecimal digits. */
      number: z.string(),
      /** In the form of signify, usign and minisign: the second line of the key's file. */
      publicKey: z.string(),
      /** Path of the key's file. */
      file: z.string(),
    }),
  ),
});

export type KeysAnswer = z.infer<typeof keysAnswerSchema>;
