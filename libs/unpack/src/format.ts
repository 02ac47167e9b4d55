import type { Source, StreamReader } from '@btf-depot/bytes';
import type { Compression } from '@btf-depot/codec';
import type { FormatName } from './formats/index.ts';
import type { Member } from './member.ts';
import type { PackageInfo } from './package-info.ts';

/** Part of a file. */
export interface Part {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/** What lies inside a bootable image. */
export interface Piece extends Part {
  /** For people: `payload`, `.linux`. */
  readonly name: string;
  readonly kind: 'kernel' | 'initramfs';
  /** What the image says of it; a magic in the bytes themselves says more. */
  readonly compression?: Compression | undefined;
  /** Bytes that come out, where the image says it. */
  readonly size?: number | undefined;
}

/** What a reader of a format may ask of the one who unpacks. */
export interface Tools {
  /** What a part of the file holds, unpacked where it is compressed. */
  reader(section: string, source: Source, part?: Part): StreamReader;
  /** The same of a member. */
  unpacking(section: string, member: Member): StreamReader;
  /** The package that this is. */
  isPackage(info: PackageInfo | undefined): void;
  /** All files that the archive has, where it says so before: then the rest need not be read. */
  lists(names: readonly string[]): void;
  /** Counts a member of an archive inside the package's own. */
  member(): void;
  /** Something that is of no use, and why. */
  passOver(code: string, reason: string, name?: string): void;
}

interface AnyFormat {
  /** Its errors have it as the prefix of their codes: `deb-truncated`. */
  readonly name: FormatName;
  /** The prefix of its errors where that is another. */
  readonly codes?: string;
  /** Of files in archives and folders that are worth a look. */
  readonly fileName?: RegExp;
}

/** An archive that is read at random offsets. */
export interface ArchiveFormat extends AnyFormat {
  readonly kind: 'archive';
  begins(head: Uint8Array, source: Source): boolean;
  members(source: Source, tools: Tools): AsyncIterable<Member>;
}

/** An archive that is read as it comes, out of a compressed stream mostly. */
export interface StreamFormat extends AnyFormat {
  readonly kind: 'stream';
  begins(head: Uint8Array): boolean;
  members(reader: StreamReader, tools: Tools): AsyncIterable<Member>;
}

/** Something that a boot loader or firmware loads. */
export interface ImageFormat extends AnyFormat {
  readonly kind: 'image';
  /** Others have the same magic, and some makers leave the description out: then it is searched. */
  readonly isLoose?: boolean;
  begins(head: Uint8Array, source: Source): boolean;
  pieces(source: Source, tools: Tools): Iterable<Piece>;
}

export type Format = ArchiveFormat | StreamFormat | ImageFormat;

/** Whether text stands at an offset. */
export function hasText(head: Uint8Array, at: number, text: string): boolean {
  return Buffer.from(head.subarray(at, at + text.length)).toString('latin1') === text;
}
