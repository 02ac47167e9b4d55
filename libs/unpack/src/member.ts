/** A file of an archive, while the archive is read. */
export interface Member {
  /** As in the archive: for display, never for use as a path. */
  readonly name: string;
  /** Other names of the same bytes, which came before. */
  readonly aliases?: readonly string[];
  /** For a hard link: the earlier member with its bytes. */
  readonly link?: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** A regular file, unlike links, folders and devices. */
  readonly isFile: boolean;
  /** An archive that is opened under any name: the package's own. */
  readonly isInner?: boolean;
  /** Its bytes; read or ignore them before the next member. */
  content(): AsyncGenerator<Uint8Array>;
}

/** The longest name that is read; no kernel has a longer one. */
export const NAME_LIMIT = 4096;

/** Variants of a name within one archive: with and without the folder that contains everything. */
export function sameName(name: string): string {
  return name.replace(/^(\.?\/)+/, '');
}
