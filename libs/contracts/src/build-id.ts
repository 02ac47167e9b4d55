import { z } from 'zod';

/**
 * A GNU build ID in lowercase hexadecimal, as in URLs and in the names of stored records.
 * 20 bytes as a rule; the note may have another length, here from 4 to 64 bytes.
 */
export const buildIdSchema = z.string().regex(/^(?:[0-9a-f]{2}){4,64}$/, {
  error: 'a build ID is 8 to 128 lowercase hexadecimal digits, two per byte',
});

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, {
  error: 'a SHA-256 is 64 lowercase hexadecimal digits',
});

export function isBuildId(text: string): boolean {
  return buildIdSchema.safeParse(text).success;
}

export function isSha256(text: string): boolean {
  return sha256Schema.safeParse(text).success;
}
