import type { Source, StreamReader } from '@btf-depot/bytes';
import type { Compression } from '@btf-depot/codec';
import type { FormatName } from './formats/index.ts';
import type { Member } from './member.ts';
import type { PackageInfo } from './packages/package-info.ts';

/** Part of a file. */
export interface Part {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/** A part of a bootable image. */
export interface Piece extends Part {
  /** For people: `payload`, `.linux`. */
  readonly name: string;
  readonly kind: 'kernel' | 'initramfs';
  /** The compression that the image states; a magic in the bytes overrules it. */
  readonly compression?: Compression | undefined;
  /** Size after decompression, if the image states it. */
  readonly size?: number | undefined;
}

/** Services of the unpacker for a format's reader. */
export interface Tools {
  /** The content of a part of the file, decompressed if needed. */
  reader(section: string, source: Source, part?: Part): StreamReader;
  /** The content of a member, likewise. */
  unpacking(section: string, member: Member): StreamReader;
  /** Reports the package's own description. */
  isPackage(info: PackageInfo | undefined): void;
  /**
   * Reports all files of the archive, if it lists them in advance: then the end need not be read.
   */
  lists(names: readonly string[]): void;
  /** Counts a member of an archive inside the package's own. */
  member(): void;
  /** Reports something useless, and why. */
  passOver(code: string, reason: string, name?: string): void;
}

interface AnyFormat {
  /** The prefix of its errors' codes: `deb-truncated`. */
  readonly name: FormatName;
  /** The prefix, if it differs. */
  readonly codes?: string;
  /** Names of files in archives and folders that are worth opening. */
  readonly fileName?: RegExp;
}

/** An archive that is read at random offsets. */
export interface ArchiveFormat extends AnyFormat {
  readonly kind: 'archive';
  begins(head: Uint8Array, source: Source): boolean;
  members(source: Source, tools: Tools): AsyncIterable<Member>;
}

/** An archive that is read in order, usually from a compressed stream. */
export interface StreamFormat extends AnyFormat {
  readonly kind: 'stream';
  begins(head: Uint8Array): boolean;
  members(reader: StreamReader, tools: Tools): AsyncIterable<Member>;
}

/** Something that a boot loader or firmware loads. */
export interface ImageFormat extends AnyFormat {
  readonly kind: 'image';
  /**
   * Other formats share its magic, and some makers leave the description out: such a file is
   * searched for streams.
   */
  readonly isLoose?: boolean;
  begins(head: Uint8Array, source: Source): boolean;
  pieces(source: Source, tools: Tools): Iterable<Piece>;
}

export type Format = ArchiveFormat | StreamFormat | ImageFormat;

/** Whether the text is at that offset. */
export function hasText(head: Uint8Array, at: number, text: string): boolean {
  return Buffer.from(head.subarray(at, at + text.length)).toString('latin1') === text;
}
