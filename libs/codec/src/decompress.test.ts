import { FormatError } from '@btf-depot/bytes';
import fc from 'fast-check';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { COMPRESSIONS, compressionOf, decompress, type DecompressOptions } from './index.ts';
import type { Compression } from './compression.ts';
import { sample, sampleContent } from './testing/samples.ts';

const content = sampleContent();
const limit = content.length;

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(
  format: Compression,
  bytes: Uint8Array,
  options: Partial<DecompressOptions> & { piece?: number } = {},
): Promise<Uint8Array> {
  const { piece = 1000, ...others } = options;
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress(format, pieces(bytes, piece), { limit, ...others })) {
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** The code of the FormatError; undefined if there is none. */
async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe.each(COMPRESSIONS)('%s', (format) => {
  const packed = sample(format);

  it('is known by its first bytes', () => {
    expect(compressionOf(packed)).toBe(format);
  });

  it.each([1, 13, 1000, 1e6])('is read whatever the pieces: %i bytes', async (piece) => {
    expect(await unpack(format, packed, { piece })).toEqual(content);
    expect(await unpack(format, packed, { piece, trailing: 'ignore' })).toEqual(content);
  });

  it('gives up to its limit and not one byte more', async () => {
    expect(await codeOf(unpack(format, packed, { limit: limit - 1 }))).toBe(`${format}-limit`);
  });

  it('is never complete if it is cut', async () => {
    for (let length = 0; length < packed.length; length += length < 40 ? 1 : 17) {
      const cut = packed.subarray(0, length);
      // LZ4's legacy frame has no end: only its first block's absence shows, or a cut in a block.
      const isBetweenBlocks = format === 'lz4' && (length === 4 || length === packed.length);
      const code = await codeOf(unpack(format, cut));
      expect(code, `${length} bytes`).toMatch(isBetweenBlocks ? /^lz4-/ : `${format}-truncated`);
    }
  });

  it('is known to be cut or complete by the stated size', async () => {
    expect(await unpack(format, packed, { size: limit })).toEqual(content);
    expect(await codeOf(unpack(format, packed, { size: limit + 1 }))).toBe(`${format}-truncated`);
  });

  it('is refused with trailing bytes, unless these are ignored', async () => {
    const size = Uint8Array.of(limit & 255, limit >> 8, 0, 0);
    const followed = joined(packed, size, Buffer.from('something else'));
    const code = await codeOf(unpack(format, followed));
    expect(code).toMatch(new RegExp(`^${format}-(corrupt|truncated)$`));
    for (const piece of [1, 7, packed.length, 1e6]) {
      expect(await unpack(format, followed, { piece, trailing: 'ignore' })).toEqual(content);
    }
  });

  it('gives a value or a FormatError for any damage', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (changes, one) => {
          const bytes = packed.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          const trailing = one ? 'ignore' : 'refuse';
          const code = await codeOf(unpack(format, bytes, { trailing, limit: 1e6 }));
          expect(code ?? `${format}-`).toMatch(new RegExp(`^${format}-`));
        },
      ),
      { numRuns: 150, seed: 7 },
    );
  });
});

it.each(['gzip', 'xz', 'zstd', 'lz4', 'bzip2'] as const)(
  '%s streams that follow one another are one',
  async (format) => {
    const two = joined(sample(format), sample(format));
    const whole = joined(content, content);
    // A block of lz4 that is not full is the last of its frame, and another frame may follow.
    expect(await unpack(format, two, { limit: 2 * limit })).toEqual(whole);
    expect(await unpack(format, two, { trailing: 'ignore', size: limit })).toEqual(content);
  },
);

describe('lzma', () => {
  const withHeader = (dictionary: number, size: bigint): Uint8Array => {
    const bytes = sample('lzma').slice();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setUint32(1, dictionary, true);
    view.setBigInt64(5, size, true);
    return bytes;
  };

  it.each([4096, 1_000_000, 0x4000001])('takes a dictionary of any size: %i', async (size) => {
    expect(await unpack('lzma', withHeader(size, -1n))).toEqual(content);
  });

  it('takes a mark behind the last byte of a size that is stated', async () => {
    expect(await unpack('lzma', withHeader(1 << 26, BigInt(limit)))).toEqual(content);
  });

  it.each([
    ['lzma-limit', 0xffffffff, -1n],
    ['lzma-corrupt', 4096, -2n],
    ['lzma-corrupt', 4096, 2n ** 38n],
  ])('refuses a header with %s: %i, %i', async (code, dictionary, size) => {
    expect(await codeOf(unpack('lzma', withHeader(dictionary, size)))).toBe(code);
  });
});

describe('gzip', () => {
  it('passes over every field of the header where one member is read', async () => {
    const text = [...Buffer.from('name\0comment\0')];
    const header = [0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3, ...text, 0, 0];
    const trailer = sample('gzip').slice(-8);
    const member = joined(Uint8Array.from(header), deflateRawSync(content), trailer);
    expect(await unpack('gzip', member, { trailing: 'ignore' })).toEqual(content);
  });

  it('checks length and checksum where one member is read', async () => {
    const packed = sample('gzip');
    for (const back of [1, 8]) {
      const wrong = packed.with(packed.length - back, (packed.at(-back) ?? 0) ^ 1);
      expect(await codeOf(unpack('gzip', wrong, { trailing: 'ignore' }))).toBe('gzip-corrupt');
    }
  });
});

describe('zstd', () => {
  it('passes over skippable frames', async () => {
    const skippable = Uint8Array.of(0x57, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
    const packed = joined(skippable, sample('zstd'), skippable);
    expect(await unpack('zstd', packed)).toEqual(content);
    expect(await codeOf(unpack('zstd', packed.subarray(0, -1)))).toBe('zstd-truncated');
  });

  it('is not kept busy by millions of empty frames', async () => {
    const frame = zstdCompressSync(new Uint8Array());
    const many = new Uint8Array(Buffer.alloc(frame.length * 5000, frame));
    expect(await codeOf(unpack('zstd', many, { piece: 1e6 }))).toBe('zstd-limit');
  });
});

describe('decompression bombs', () => {
  const zeros = new Uint8Array(50_000_000);

  it.each([
    ['gzip', gzipSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
  ] as const)('%s: the output never exceeds the limit', async (format, bomb) => {
    let most = 0;
    const reading = (async () => {
      for await (const chunk of decompress(format, [bomb], { limit: 1_000_000 })) {
        most += chunk.length;
      }
    })();
    expect(await codeOf(reading)).toBe(`${format}-limit`);
    expect(most).toBeLessThanOrEqual(1_000_000);
  });

  it.each([
    ['xz', 'a dictionary of 4 GiB', 'xz-limit'],
    ['lzma', 'a dictionary of 2 GiB', 'lzma-limit'],
  ] as const)('%s that asks for %s', async (format, _what, code) => {
    const packed = sample(format).slice();
    if (format === 'lzma') packed.set([0, 0, 0, 0x80], 1);
    else {
      // The block header: size, flags, filter 0x21 with one property byte, padding, CRC32.
      packed[12 + 4] = 40;
      const { crc32 } = await import('node:zlib');
      new DataView(packed.buffer).setUint32(12 + 8, crc32(packed.subarray(12, 20)), true);
    }
    expect(await codeOf(unpack(format, packed))).toBe(code);
  });
});
