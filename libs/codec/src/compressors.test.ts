import { spawnSync } from 'node:child_process';
import { streamBufferDecode } from 'node-liblzma/wasm';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { xz, zstd } from './index.ts';

const text = new TextEncoder().encode('the quick brown fox '.repeat(5000));

describe.each([
  {
    name: 'xz',
    compress: xz,
    unpack: (bytes: Uint8Array) => Buffer.from(streamBufferDecode(bytes)),
  },
  { name: 'zstd', compress: zstd, unpack: (bytes: Uint8Array) => zstdDecompressSync(bytes) },
])('$name', ({ name, compress, unpack }) => {
  it.each([new Uint8Array(), text.subarray(0, 1), text])(
    'gives back what went in',
    async (input) => {
      expect(new Uint8Array(unpack(await compress(input)))).toEqual(input);
    },
  );

  it('depends on the input alone', async () => {
    const packed = await compress(text);
    await compress(new Uint8Array(100_000));
    expect(await compress(text)).toEqual(packed);
  });

  it('reads no more than the view that it is given', async () => {
    const view = text.subarray(7, 1007);
    expect(new Uint8Array(unpack(await compress(view)))).toEqual(view.slice());
  });

  const program = spawnSync(name, ['--version']);
  const absent = program.status !== 0 && process.env.CI !== 'true';
  it.skipIf(absent)(`is accepted by ${name} -t (needs the program)`, async () => {
    const run = spawnSync(name, ['-t', '-'], { input: await compress(text), encoding: 'utf8' });
    expect([run.stderr.replace(/^.*bytes *$/m, '').trim(), run.status]).toEqual(['', 0]);
  });
});

describe('the memory that a kernel needs', () => {
  const large = new Uint8Array(16 << 20);

  it('is a dictionary of 8 MiB for xz, and CRC32 is the check', async () => {
    const packed = await xz(large);
    // Stream flags: 1 is CRC32. Block header: LZMA2 (0x21), one byte of properties, 2^23 bytes.
    expect(packed[7]).toBe(1);
    expect([...packed.subarray(14, 17)]).toEqual([0x21, 1, 22]);
  });

  it('is a window of 8 MiB for zstd', () => {
    const packed = zstd(large);
    // Frame header without a single segment: window descriptor, exponent 13 above 2^10.
    expect((packed[4] ?? 0) & 0x20).toBe(0);
    expect(packed[5]).toBe(13 << 3);
  });
});
