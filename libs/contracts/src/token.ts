import { z } from 'zod';

/**
 * Rights of a token. `admin` is all of them. A depot that only token holders may read lets every
 * token read; `read` is for tokens that do nothing else.
 */
export const SCOPES = [
  'read',
  'upload',
  'pull',
  'withdraw',
  'restore',
  'replace',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/**
 * The principal that changes kernels: the `owner` of a token, or the token's ID; `LOCAL_PRINCIPAL`
 * in a depot without tokens; `upstream:NAME` and `import:NAME` for kernels that a depot fetches by
 * itself. Printable ASCII without spaces, so that the subject of an OIDC token fits.
 */
export const principalSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, { error: 'expected 1 to 200 printable characters, no space' });

export const LOCAL_PRINCIPAL = 'local';

/** A stored token: without its secret, of which only a hash is kept. */
export const tokenSchema = z.looseObject({
  schema: z.literal(1),
  /** 16 hexadecimal digits; part of the token's text, and its name in logs and records. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** For people: the user or farm. */
  name: z.string(),
  /** Its principal; absent: its ID. Tokens of one farm have one owner. */
  owner: principalSchema.exactOptional(),
  /** Of a secret of 256 random bits: a single hash protects it. */
  secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of `SCOPES`; an unknown one allows nothing. */
  scopes: z.array(z.string()),
  /** Only for kernels of this distribution. */
  distro: z.string().exactOptional(),
  /** Only for build IDs with this prefix. */
  buildIdPrefix: z.string().exactOptional(),
  /** Days to keep kernels sent with it; absent: for ever. */
  keepDays: z.number().positive().exactOptional(),
  /** Most bytes of the kernels that it sent first; absent: no limit. */
  storage: z.number().int().positive().exactOptional(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().exactOptional(),
  revokedAt: z.iso.datetime().exactOptional(),
});

export type Token = z.infer<typeof tokenSchema>;
