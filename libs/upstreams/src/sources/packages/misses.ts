import { MISS_REASONS, type Miss, type MissReason } from '@btf-depot/depot';
import { ArchiveError, type ArchiveCode } from '../../archive/errors.ts';

/** Archives' own codes, as reasons of upstreams. */
const REASONS: Partial<Record<ArchiveCode, MissReason>> = {
  unsigned: 'bad-signature',
  expired: 'bad-signature',
  'no-gpgv': 'internal',
};

/** Why the lists of an archive cannot be used. */
export function missOfArchive(at: string, error: unknown): Miss {
  const { message } = error as Error;
  if (!(error instanceof ArchiveError)) return { reason: 'malformed', detail: `${at}: ${message}` };
  const { code } = error;
  const isMissReason = Object.hasOwn(MISS_REASONS, code);
  const reason = REASONS[code] ?? (isMissReason ? (code as MissReason) : 'malformed');
  return { reason, detail: message };
}
