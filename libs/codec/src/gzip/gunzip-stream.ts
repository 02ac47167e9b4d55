import { crc32, createGunzip, createInflateRaw } from 'node:zlib';
import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { beginsWith } from '../compression.ts';
import { CHUNK, through, zlibCode } from '../through.ts';
import { isMore, type Trailing } from '../trailing.ts';

/** Members decoded separately, each with its own engine, 0.1 ms. */
const MEMBER_LIMIT = 16_384;

/** The members of a gzip stream. */
export async function* gunzip(
  reader: StreamReader,
  { trailing }: { trailing: Trailing },
): AsyncGenerator<Uint8Array> {
  if (trailing === 'refuse') {
    yield* gunzipMembers(reader);
    return;
  }
  let members = 0;
  do {
    if (++members > MEMBER_LIMIT) {
      throw new FormatError('gzip-limit', `more than ${MEMBER_LIMIT} members`);
    }
    yield* gunzipMember(reader);
  } while (await isMore(reader, trailing, beginsWith('gzip')));
}

/** All members until the end of the input; zeros after the last one are ignored (as zlib does). */
async function* gunzipMembers(reader: StreamReader): AsyncGenerator<Uint8Array> {
  try {
    yield* through(reader.rest(), createGunzip({ chunkSize: CHUNK }));
  } catch (error) {
    throw gzipError(error);
  }
}

/** FLG of RFC 1952, 2.3.1. */
const Flag = { HCRC: 2, EXTRA: 4, NAME: 8, COMMENT: 16, RESERVED: 0xe0 } as const;

/** Longest file name or comment that is skipped. */
const TEXT_LIMIT = 64 * 1024;

/** One member; the bytes after it stay with the reader. */
async function* gunzipMember(reader: StreamReader): AsyncGenerator<Uint8Array> {
  await skipHeader(reader);
  // The engine takes more bytes than the member has: they are kept until it says how many it used.
  const given: Uint8Array[] = [];
  let before = 0;
  const engine = createInflateRaw({ chunkSize: CHUNK });
  async function* giving(): AsyncGenerator<Uint8Array> {
    for await (const chunk of reader.rest()) {
      given.push(chunk);
      while (given[0] && before + given[0].length < engine.bytesWritten) {
        before += given.shift()?.length ?? 0;
      }
      yield chunk;
    }
  }
  let crc = 0;
  let size = 0;
  try {
    for await (const chunk of through(giving(), engine)) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw gzipError(error);
  }
  reader.unread(Buffer.concat(given).subarray(engine.bytesWritten - before));
  const trailer = Buffer.from(await reader.read(8));
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== size % 2 ** 32) {
    throw new FormatError('gzip-corrupt', 'checksum or length is wrong');
  }
}

async function skipHeader(reader: StreamReader): Promise<void> {
  const [id1, id2, method, flags = 0] = await reader.read(10);
  if (id1 !== 0x1f || id2 !== 0x8b || method !== 8 || (flags & Flag.RESERVED) !== 0) {
    throw new FormatError('gzip-corrupt', 'not a gzip header', { section: 'gzip', offset: 0 });
  }
  if (flags & Flag.EXTRA) {
    const [low = 0, high = 0] = await reader.read(2);
    await reader.skip(low | (high << 8));
  }
  for (const flag of [Flag.NAME, Flag.COMMENT]) {
    if (flags & flag) await skipText(reader);
  }
  if (flags & Flag.HCRC) await reader.skip(2);
}

async function skipText(reader: StreamReader): Promise<void> {
  for (let length = 0; length < TEXT_LIMIT; length++) {
    const [byte] = await reader.read(1);
    if (byte === 0) return;
  }
  throw new FormatError('gzip-limit', `a name longer than ${TEXT_LIMIT} bytes`);
}

function gzipError(error: unknown): unknown {
  const code = zlibCode(error);
  if (code === '') return error;
  return code === 'Z_BUF_ERROR'
    ? new FormatError('gzip-truncated', 'the gzip stream ends early', {}, { cause: error })
    : new FormatError('gzip-corrupt', 'not a sound gzip stream', {}, { cause: error });
}
