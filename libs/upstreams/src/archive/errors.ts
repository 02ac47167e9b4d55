import type { MissReason } from '@btf-depot/depot';

/** Why an archive cannot be read: an upstream's reason, or one of archives. */
export type ArchiveCode =
  MissReason | 'unsigned' | 'bad-index' | 'digest-mismatch' | 'no-archive' | 'no-gpgv' | 'expired';

/** A fault of an archive, with its place there. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: ArchiveCode;

  constructor(code: ArchiveCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
