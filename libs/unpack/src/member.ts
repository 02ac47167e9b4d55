/** A file of an archive, while the archive is read. */
export interface Member {
  /** As the archive has it: to be looked at, never to be used as a path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** A regular file; links, folders and devices are not. */
  readonly isFile: boolean;
  /** Its bytes, to be read, or left, before the next member is asked for. */
  content(): AsyncGenerator<Uint8Array>;
}

/** The longest name that is read; longer ones are nobody's kernel. */
export const NAME_LIMIT = 4096;
