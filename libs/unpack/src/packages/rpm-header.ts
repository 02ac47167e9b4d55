import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import type { ListedFile } from '../archives/cpio.ts';
import { packageInfo, type PackageInfo } from './package-info.ts';

const LEAD = 96;
const HEADER_MAGIC = 0x8eade801;
const PREAMBLE = 16;
/** rpm's own limits: entries, and bytes of their data (lib/header.c). */
const ENTRY_LIMIT = 0xffff;
const DATA_LIMIT = 256 * 2 ** 20;

const Tag = {
  NAME: 1000,
  VERSION: 1001,
  RELEASE: 1002,
  DISTRIBUTION: 1010,
  VENDOR: 1011,
  PACKAGER: 1015,
  ARCH: 1022,
  SIZES: 1028,
  MODES: 1030,
  FLAGS: 1037,
  DEVICES: 1095,
  INODES: 1096,
  DIRECTORY_INDEXES: 1116,
  BASE_NAMES: 1117,
  DIRECTORIES: 1118,
  LONG_SIZES: 5008,
  PAYLOAD_SHA256: 5092,
} as const;
/**
 * In the signature header: bytes of header and payload, in 32 and in 64 bits; OpenPGP signatures of
 * the header, by DSA or EdDSA, by RSA, and of rpm 6 in base64.
 */
const SignatureTag = { SIZE: 1000, LONG_SIZE: 270, DSA: 267, RSA: 268, OPENPGP: 278 } as const;

/** More files than any package has; above this, files are not listed. */
const FILE_LIMIT = 200_000;

/** Most bytes of one list of names. */
const NAMES_LIMIT = 32 * 2 ** 20;

const REGULAR = 0o100000;
const TYPE_MASK = 0o170000;
/** RPMFILE_GHOST: a file that the package owns but does not contain. */
const GHOST = 64;

export interface RpmParts {
  readonly info?: PackageInfo | undefined;
  /** The package's files in its own order, if the header lists them as rpm since 4.0 does. */
  readonly files?: readonly ListedFile[] | undefined;
  /** The compressed cpio archive, up to the end of the file. */
  readonly payload: number;
}

/**
 * Reads lead, signature header and header of an RPM package (version 3 to 6). Throws FormatError
 * `rpm-truncated`, also if the file is shorter than the signature states, and `rpm-corrupt`.
 */
export function readRpm(source: Source): RpmParts {
  const signature = readHeader(source, LEAD);
  const start = headerAfter(signature);
  const size = signature.number(SignatureTag.LONG_SIZE) ?? signature.number(SignatureTag.SIZE);
  if (size !== undefined && start + size > source.size) {
    throw truncated(`${start + size} bytes are announced, there are ${source.size}`);
  }
  const header = readHeader(source, start);
  const [version, release] = [header.text(Tag.VERSION), header.text(Tag.RELEASE)];
  const info = packageInfo(
    'rpm',
    header.text(Tag.NAME),
    version && release && `${version}-${release}`,
    header.text(Tag.ARCH),
    [Tag.DISTRIBUTION, Tag.VENDOR, Tag.PACKAGER].map((tag) => header.text(tag) ?? '').join(' '),
  );
  return { info, payload: header.end, files: filesOf(header) };
}

function headerAfter({ end }: Header): number {
  return end + ((8 - (end % 8)) % 8);
}

/** What a package's own signature covers. */
export interface RpmSignature {
  /** OpenPGP signatures of `header`; none: the package is not signed. */
  signatures: Uint8Array[];
  header: Uint8Array;
  /** Offset of the payload, which ends with the file. */
  payload: number;
  /** The payload's, as the header says since rpm 4.14. */
  payloadSha256?: string | undefined;
}

/** Bytes: a header has a name and a hash for each file. */
const HEADER_LIMIT = 64 * 2 ** 20;

/** @throws FormatError `rpm-truncated`, `rpm-corrupt`. */
export function readRpmSignature(source: Source): RpmSignature {
  const signature = readHeader(source, LEAD);
  const start = headerAfter(signature);
  const header = readHeader(source, start);
  const length = header.end - start;
  if (length > HEADER_LIMIT) {
    throw new FormatError('rpm-corrupt', `a header of ${length} bytes`, { section: 'rpm' });
  }
  const { DSA, RSA, OPENPGP } = SignatureTag;
  const binary = [RSA, DSA].flatMap((tag) => signature.binary(tag) ?? []);
  const texts = (signature.texts(OPENPGP) ?? []).map((text) => Buffer.from(text, 'base64'));
  const [payloadSha256] = header.texts(Tag.PAYLOAD_SHA256) ?? [];
  return {
    signatures: [...binary, ...texts],
    header: read(source, start, length),
    payload: header.end,
    payloadSha256,
  };
}

function filesOf(header: Header): ListedFile[] | undefined {
  const names = header.texts(Tag.BASE_NAMES);
  const directories = header.texts(Tag.DIRECTORIES);
  const indexes = header.numbers(Tag.DIRECTORY_INDEXES);
  const sizes = header.numbers(Tag.LONG_SIZES) ?? header.numbers(Tag.SIZES);
  const modes = header.numbers(Tag.MODES);
  if (!names || !directories || !indexes || !sizes || !modes) return undefined;
  const flags = header.numbers(Tag.FLAGS) ?? [];
  const inodes = header.numbers(Tag.INODES) ?? [];
  const devices = header.numbers(Tag.DEVICES) ?? [];
  const isFile = (index: number) =>
    ((modes[index] ?? 0) & TYPE_MASK) === REGULAR && ((flags[index] ?? 0) & GHOST) === 0;
  const inodeOf = (index: number) =>
    isFile(index) ? `${devices[index] ?? 0}:${inodes[index] ?? `-${index}`}` : undefined;
  // Only the last hard link has bytes (rpmfilesStat of lib/rpmfi.c).
  const count = new Map<string, number>();
  const last = new Map<string, number>();
  for (let index = 0; index < names.length; index++) {
    const inode = inodeOf(index);
    if (inode === undefined) continue;
    count.set(inode, (count.get(inode) ?? 0) + 1);
    last.set(inode, index);
  }
  return names.map((name, index) => {
    const inode = inodeOf(index);
    const isLinked = inode !== undefined && (count.get(inode) ?? 0) > 1;
    const isDirectory = ((modes[index] ?? 0) & TYPE_MASK) === 0o040000;
    const isEmpty = isDirectory || (isLinked && last.get(inode) !== index);
    return {
      name: `${directories[indexes[index] ?? 0] ?? ''}${name}`,
      size: isEmpty ? 0 : (sizes[index] ?? 0),
      isFile: isFile(index),
      inode: isLinked ? inode : undefined,
    };
  });
}

type Header = ReturnType<typeof readHeader>;

/** A header structure: an index of tags, and their data. */
function readHeader(source: Source, at: number) {
  const preamble = new ByteReader(read(source, at, PREAMBLE), 'big');
  if (preamble.u32() !== HEADER_MAGIC) {
    throw new FormatError('rpm-corrupt', 'no header here', { section: 'rpm', offset: at });
  }
  preamble.skip(4);
  const entries = preamble.u32();
  const length = preamble.u32();
  if (entries > ENTRY_LIMIT || length > DATA_LIMIT) {
    throw new FormatError('rpm-corrupt', `${entries} entries, ${length} bytes of data`, {
      section: 'rpm',
      offset: at,
    });
  }
  const index = new ByteReader(read(source, at + PREAMBLE, entries * 16), 'big');
  const data = at + PREAMBLE + entries * 16;
  read(source, data + length, 0);
  const places = new Map<number, { type: number; offset: number; count: number }>();
  for (let i = 0; i < entries; i++) {
    const tag = index.u32();
    places.set(tag, { type: index.u32(), offset: index.u32(), count: index.u32() });
  }
  const bytesOf = (tag: number, types: readonly number[], most: number) => {
    const place = places.get(tag);
    if (!place || !types.includes(place.type) || place.offset >= length) return undefined;
    return read(source, data + place.offset, Math.min(most, length - place.offset));
  };
  const countOf = (tag: number) => places.get(tag)?.count ?? 0;
  return {
    end: data + length,
    /** STRING_ARRAY; undefined also above the limit. */
    texts(tag: number): string[] | undefined {
      const count = countOf(tag);
      const bytes = bytesOf(tag, [8], NAMES_LIMIT);
      if (!bytes || count > FILE_LIMIT) return undefined;
      const texts: string[] = [];
      for (let from = 0; texts.length < count;) {
        const end = bytes.indexOf(0, from);
        if (end < 0) return undefined;
        texts.push(Buffer.from(bytes.subarray(from, end)).toString('latin1'));
        from = end + 1;
      }
      return texts;
    },
    /** An array of INT16 3, INT32 4 or INT64 5. */
    numbers(tag: number): number[] | undefined {
      const count = countOf(tag);
      const width = { 3: 2, 4: 4, 5: 8 }[places.get(tag)?.type ?? 0];
      if (width === undefined || count > FILE_LIMIT) return undefined;
      const bytes = bytesOf(tag, [3, 4, 5], count * width);
      if (!bytes || bytes.length < count * width) return undefined;
      const reader = new ByteReader(bytes, 'big', { section: 'rpm', code: 'rpm-corrupt' });
      const read = { 2: () => reader.u16(), 4: () => reader.u32(), 8: () => reader.u64AsNumber() };
      return Array.from({ length: count }, read[width as 2 | 4 | 8]);
    },
    /** BIN. */
    binary(tag: number): Uint8Array | undefined {
      const bytes = bytesOf(tag, [7], countOf(tag));
      return bytes?.length === countOf(tag) ? bytes : undefined;
    },
    /** STRING 6, STRING_ARRAY 8, I18NSTRING 9. */
    text(tag: number): string | undefined {
      const bytes = bytesOf(tag, [6, 8, 9], 256);
      const end = bytes?.indexOf(0) ?? -1;
      return end < 0 ? undefined : Buffer.from(bytes?.subarray(0, end) ?? []).toString('latin1');
    },
    /** INT32 4, INT64 5. */
    number(tag: number): number | undefined {
      const isWide = places.get(tag)?.type === 5;
      const bytes = bytesOf(tag, [4, 5], 8);
      if (!bytes || bytes.length < (isWide ? 8 : 4)) return undefined;
      const reader = new ByteReader(bytes, 'big', { section: 'rpm', code: 'rpm-corrupt' });
      return isWide ? reader.u64AsNumber() : reader.u32();
    },
  };
}

function read(source: Source, offset: number, length: number): Uint8Array {
  if (offset + length > source.size) throw truncated('the file ends in a header');
  return source.read(offset, length);
}

function truncated(message: string): FormatError {
  return new FormatError('rpm-truncated', message, { section: 'rpm' });
}
