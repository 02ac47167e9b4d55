import { z } from 'zod';

/**
 * What a token may be for. `admin` is all of them; a depot that lets only token holders read lets
 * every token read, so that `read` is for those that do nothing else.
 */
export const SCOPES = ['read', 'upload', 'withdraw', 'restore', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** A token as it is stored: without its secret, of which there is a hash only. */
export const tokenSchema = z.looseObject({
  schema: z.literal(1),
  /** 16 hexadecimal digits; part of the token's text, and its name in logs and records. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** For people: whose it is. */
  name: z.string(),
  /** Of a secret of 256 random bits: nothing slower than one hash is needed to keep it. */
  secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)),
  /** For kernels of this distribution only. */
  distro: z.string().exactOptional(),
  /** For kernels whose build ID begins so only. */
  buildIdPrefix: z.string().exactOptional(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().exactOptional(),
  revokedAt: z.iso.datetime().exactOptional(),
});

export type Token = z.infer<typeof tokenSchema>;
