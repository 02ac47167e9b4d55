import { execFileSync, spawnSync } from 'node:child_process';
import { crc32 } from 'node:zlib';
import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import { decompress, type DecompressOptions } from '../index.ts';
import { sample, sampleContent } from '../testing/samples.ts';

const content = new Uint8Array(Buffer.alloc(100_000, sampleContent()));
const BLOCK = 16_384;

/** xz, whose files these are. */
const absent = spawnSync('xz', ['--version']).status !== 0 && process.env.CI !== 'true';

/** By the program itself. */
function packed(...flags: string[]): Uint8Array {
  return new Uint8Array(execFileSync('xz', ['-zc', '-0', ...flags], { input: content }));
}

/** Blocks that say how long they are, as programs with threads write them. */
const sized = absent ? new Uint8Array() : packed('-T2', `--block-size=${BLOCK}`);

type Options = Partial<DecompressOptions>;

async function unpack(bytes: Uint8Array, options: Options = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress('xz', [bytes], { limit: 1e6, ...options })) {
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function codeOf(bytes: Uint8Array, options: Options = {}): Promise<string | undefined> {
  try {
    await unpack(bytes, options);
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** With a block header's bytes changed, and its checksum right again. */
function withHeader(bytes: Uint8Array, at: number, change: (header: Uint8Array) => void) {
  const changed = bytes.slice();
  const header = changed.subarray(at, at + ((bytes[at] ?? 0) + 1) * 4);
  change(header);
  const end = header.length - 4;
  new DataView(changed.buffer, at).setUint32(end, crc32(header.subarray(0, end)), true);
  return changed;
}

describe.skipIf(absent).each<[string, Options]>([
  ['this thread alone', { threads: 1 }],
  ['three threads', { threads: 3 }],
  ['threads with room for one block', { threads: 2, ahead: 2.5 * BLOCK }],
  ['threads without room for any', { threads: 2, ahead: BLOCK / 2 }],
])('by %s (needs xz)', (_what, options) => {
  // Threads take a moment to start, each time.
  const places = options.threads === 1 ? 40 : 8;
  const step = 1 + Math.floor(sized.length / places);

  it.each([
    ['that say their sizes', ['-T2', `--block-size=${BLOCK}`]],
    ['that do not', ['-T1', `--block-size=${BLOCK}`]],
    ['one alone', ['-T1']],
    ['one alone that says its size', ['-T2']],
    ['filtered for x86', ['--x86', '--lzma2', '-T2', `--block-size=${BLOCK}`]],
    ['filtered by distance', ['--delta', '--lzma2', '-T1', `--block-size=${BLOCK}`]],
    ['without checks', ['-T2', '-Cnone', `--block-size=${BLOCK}`]],
    ['with CRC32', ['-T2', '-Ccrc32', `--block-size=${BLOCK}`]],
    ['with SHA-256', ['-T1', '-Csha256', `--block-size=${BLOCK}`]],
  ])("xz's blocks come out whole: %s", async (_kind, flags) => {
    const bytes = packed(...flags);
    expect(await unpack(bytes, options)).toEqual(content);
    const followed = joined(bytes, Buffer.from('something else'));
    expect(await unpack(followed, { ...options, trailing: 'ignore' })).toEqual(content);
  });

  it('streams of every kind follow one another, with padding of fours', async () => {
    const plain = packed('-T1', `--block-size=${BLOCK}`);
    const all = joined(sized, new Uint8Array(8), plain, sample('xz'), sized, new Uint8Array(4));
    const expected = joined(content, content, sampleContent(), content);
    expect(await unpack(all, options)).toEqual(expected);
    expect(await codeOf(joined(sized, new Uint8Array(5)), options)).toBe('xz-truncated');
    expect(await codeOf(joined(sized, Uint8Array.of(0, 0, 0, 1)), options)).toBe('xz-corrupt');
  });

  it('a cut file is never complete', async () => {
    for (let length = 0; length < sized.length; length += step) {
      const code = await codeOf(sized.subarray(0, length), options);
      expect(code, `${length} bytes`).toBe('xz-truncated');
    }
    expect(await codeOf(sized.subarray(0, -1), options)).toBe('xz-truncated');
  });

  it('damage is detected anywhere', async () => {
    for (let at = 3; at < sized.length; at += step) {
      const damaged = sized.with(at, (sized[at] ?? 0) ^ 0x10);
      expect(await codeOf(damaged, options), `at ${at}`).toMatch(/^xz-(corrupt|truncated)$/);
    }
  });

  it('a block more or less than the index has is refused', async () => {
    const blocks = placesOf(sized);
    const [first = 0, second = 0] = blocks;
    const less = joined(sized.subarray(0, first), sized.subarray(second));
    const more = joined(sized.subarray(0, second), sized.subarray(first));
    for (const bytes of [less, more]) expect(await codeOf(bytes, options)).toBe('xz-corrupt');
  });

  it('a header that lies about sizes is refused', async () => {
    const [, second = 0] = placesOf(sized);
    const lies = [
      // Both are numbers of three bytes: 2 and 3 or 4 are their lowest.
      withHeader(sized, second, (header) => (header[2] = (header[2] ?? 0) ^ 0x04)),
      withHeader(sized, second, (header) => (header[2] = (header[2] ?? 0) ^ 0x40)),
      withHeader(sized, second, (header) => (header[5] = (header[5] ?? 0) ^ 0x02)),
    ];
    for (const bytes of lies) {
      expect(bytes).not.toEqual(sized);
      expect(await codeOf(bytes, options)).toMatch(/^xz-(corrupt|truncated)$/);
    }
  });

  it('no more than the limit comes out', async () => {
    let total = 0;
    const reading = async () => {
      const chunks = decompress('xz', [sized], { ...options, limit: 40_000 });
      for await (const chunk of chunks) total += chunk.length;
    };
    await expect(reading()).rejects.toMatchObject({ code: 'xz-limit' });
    expect(total).toBeLessThanOrEqual(40_000);
  });
});

/** Where the blocks begin, by what `xz --list` says of them. */
function placesOf(bytes: Uint8Array): number[] {
  const sizes = /^(?:block\s.*\n)+/m;
  const list = execFileSync('sh', ['-c', 'f=$(mktemp); cat >"$f"; xz --robot -lvv "$f"; rm "$f"'], {
    input: bytes,
    encoding: 'utf8',
  });
  const lines = sizes.exec(list)?.[0].trim().split('\n') ?? [];
  return lines.map((line) => Number(line.split('\t')[4]));
}

it.skipIf(absent)(
  'a file with millions of empty blocks or streams is not read for ever (needs xz)',
  async () => {
    const header = Buffer.from('fd377a585a000000ff12d941', 'hex');
    const [size, flags, filter, properties, dictionary] = [2, 0, 0x21, 1, 0];
    const block = Buffer.alloc(16);
    block.set([size, flags, filter, properties, dictionary]);
    block.writeUInt32LE(crc32(block.subarray(0, 8)), 8);
    const blocks = joined(header, Buffer.alloc(16 * 20_000, block));
    expect(await codeOf(blocks)).toBe('xz-limit');
    const empty = execFileSync('xz', ['-zc', '-Cnone'], { input: '' });
    expect(await codeOf(new Uint8Array(Buffer.alloc(empty.length * 20_000, empty)))).toBe(
      'xz-limit',
    );
  },
);
