import { z } from 'zod';

/**
 * What a token may be for. `admin` is all of them; a depot that lets only token holders read lets
 * every token read, so that `read` is for those that do nothing else.
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
 * Whoever acts on kernels: the `owner` of a token, or the token's ID; `LOCAL_PRINCIPAL` in a depot
 * without tokens; `upstream:NAME` and `import:NAME` for what a depot fetches by itself. Printable
 * ASCII without spaces, so that the subject of an OIDC token fits.
 */
export const principalSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, { error: 'expected 1 to 200 printable characters, no space' });

export const LOCAL_PRINCIPAL = 'local';

/** A token as it is stored: without its secret, of which there is a hash only. */
export const tokenSchema = z.looseObject({
  schema: z.literal(1),
  /** 16 hexadecimal digits; part of the token's text, and its name in logs and records. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** For people: whose it is. */
  name: z.string(),
  /** The principal that it acts as; absent: its ID. Tokens of one farm have one owner. */
  owner: principalSchema.exactOptional(),
  /** Of a secret of 256 random bits: nothing slower than one hash is needed to keep it. */
  secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of `SCOPES`; one that this version does not know allows nothing here. */
  scopes: z.array(z.string()),
  /** For kernels of this distribution only. */
  distro: z.string().exactOptional(),
  /** For kernels whose build ID begins so only. */
  buildIdPrefix: z.string().exactOptional(),
  /** Days for which kernels that are sent with it are kept; absent: for ever. */
  keepDays: z.number().positive().exactOptional(),
  /** Bytes that the kernels which it brought first may take in the store; absent: no limit. */
  storage: z.number().int().positive().exactOptional(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().exactOptional(),
  revokedAt: z.iso.datetime().exactOptional(),
});

export type Token = z.infer<typeof tokenSchema>;
