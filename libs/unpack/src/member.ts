/** A file of an archive, while the archive is read. */
export interface Member {
  /** As the archive has it: to be looked at, never to be used as a path. */
  readonly name: string;
  /** Other names of the same bytes, which came before them. */
  readonly aliases?: readonly string[];
  /** A hard link: the member that came before with its bytes. */
  readonly link?: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** A regular file; links, folders and devices are not. */
  readonly isFile: boolean;
  /** An archive that is opened whatever its name: the package's own. */
  readonly isInner?: boolean;
  /** Its bytes, to be read, or left, before the next member is asked for. */
  content(): AsyncGenerator<Uint8Array>;
}

/** The longest name that is read; longer ones are nobody's kernel. */
export const NAME_LIMIT = 4096;

/** Names within one archive: with and without the folder that they are all in. */
export function sameName(name: string): string {
  return name.replace(/^(\.?\/)+/, '');
}
