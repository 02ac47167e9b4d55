import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import { packageInfo, type PackageInfo } from './package-info.ts';

const LEAD = 96;
const HEADER_MAGIC = 0x8eade801;
const PREAMBLE = 16;
/** What rpm itself takes: entries, and bytes of their data (lib/header.c). */
const ENTRY_LIMIT = 0xffff;
const DATA_LIMIT = 256 * 2 ** 20;

const Tag = { NAME: 1000, VERSION: 1001, RELEASE: 1002, ARCH: 1022 } as const;
/** Of the signature header: bytes of header and payload, in 32 and in 64 bits. */
const SignatureTag = { SIZE: 1000, LONG_SIZE: 270 } as const;

export interface RpmParts {
  readonly info?: PackageInfo;
  /** The compressed cpio archive, up to the end of the file. */
  readonly payload: number;
}

/**
 * Reads lead, signature header and header of an RPM package (version 3 and 4). Throws FormatError
 * `rpm-truncated` also where the file is shorter than the signature says, `rpm-corrupt`.
 */
export function readRpm(source: Source): RpmParts {
  const signature = readHeader(source, LEAD);
  const start = signature.end + ((8 - (signature.end % 8)) % 8);
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
  );
  return { ...(info && { info }), payload: header.end };
}

/** A header structure: an index of tags, and the data that they point into. */
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
  const places = new Map<number, { type: number; offset: number }>();
  for (let i = 0; i < entries; i++) {
    const tag = index.u32();
    places.set(tag, { type: index.u32(), offset: index.u32() });
    index.skip(4);
  }
  const bytesOf = (tag: number, types: readonly number[], most: number) => {
    const place = places.get(tag);
    if (!place || !types.includes(place.type) || place.offset >= length) return undefined;
    return read(source, data + place.offset, Math.min(most, length - place.offset));
  };
  return {
    end: data + length,
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
