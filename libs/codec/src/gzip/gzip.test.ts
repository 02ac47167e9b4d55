import { FormatError } from '@btf-depot/bytes';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gunzip, gzip } from '../index.ts';

const text = new TextEncoder().encode('the quick brown fox '.repeat(500));

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

describe('gzip', () => {
  it('is read by zlib', () => {
    expect(new Uint8Array(gunzipSync(gzip(text)))).toEqual(text);
  });

  const gzipProgram = spawnSync('gzip', ['--version']);
  const absent = gzipProgram.status !== 0 && process.env.CI !== 'true';
  it.skipIf(absent)('is accepted by gzip -t (needs the gzip program)', () => {
    const run = spawnSync('gzip', ['-t'], { input: gzip(text), encoding: 'utf8' });
    expect([run.stderr, run.status]).toEqual(['', 0]);
  });

  it('says neither time nor name nor system, and depends on the input alone', () => {
    const packed = gzip(text);
    // ID1 ID2 CM FLG, MTIME, XFL (slowest algorithm), OS (RFC 1952, 2.3).
    expect([...packed.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    gzip(new Uint8Array(100_000), { level: 1 });
    expect(gzip(text)).toEqual(packed);
  });

  it('is smaller at level 12 than zlib at its best', () => {
    const words = Uint8Array.from({ length: 200_000 }, (_, i) => Math.imul(i, i) >>> 11);
    expect(gzip(words).length).toBeLessThan(gzipSync(words, { level: 9 }).length);
  });

  it('leaves no listener for uncaught errors behind', () => {
    gzip(text);
    const sources = process.listeners('uncaughtException').map(String);
    expect(sources.filter((source) => source.includes('ExitStatus'))).toEqual([]);
  });

  it('refuses what its heap cannot hold, and works on', () => {
    // Zero pages that nobody touches: no memory is used.
    expect(codeOf(() => gzip(new Uint8Array(256 * 1024 * 1024 + 1)))).toBe('gzip-limit');
    expect(new Uint8Array(gunzipSync(gzip(text)))).toEqual(text);
  });
});

describe('gunzip', () => {
  const packed = gzip(text);
  const limit = text.length;

  it('gives back every input of either compressor', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 1, max: 12 }),
        (bytes, level) => {
          const options = { limit: bytes.length };
          expect([...gunzip(gzip(bytes, { level }), options)]).toEqual([...bytes]);
          expect([...gunzip(gzipSync(bytes), options)]).toEqual([...bytes]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('reads members one after the other', () => {
    expect(gunzip(Buffer.concat([packed, packed]), { limit: 2 * limit })).toHaveLength(2 * limit);
  });

  it('writes up to its limit and not one byte more', () => {
    expect(gunzip(packed, { limit })).toHaveLength(limit);
    expect(codeOf(() => gunzip(packed, { limit: limit - 1 }))).toBe('gzip-limit');
    expect(codeOf(() => gunzip(gzip(new Uint8Array(1)), { limit: 0 }))).toBe('gzip-limit');
    expect(gunzip(gzip(new Uint8Array(0)), { limit: 0 })).toHaveLength(0);
  });

  it('refuses a stream cut anywhere', () => {
    for (let length = 0; length < packed.length; length++) {
      expect(codeOf(() => gunzip(packed.subarray(0, length), { limit }))).toBe('gzip-truncated');
    }
  });

  it.each([
    ['text after the end', [...packed, 0x6a, 0x75]],
    ['zeros after the end', [...packed, 0, 0]],
    ['no gzip at all', [...text.subarray(0, 40)]],
    ['another checksum', packed.with(packed.length - 8, 1 ^ (packed.at(-8) ?? 0))],
    ['another length', packed.with(packed.length - 1, 1)],
  ])('refuses %s', (_, bytes) => {
    expect(codeOf(() => gunzip(Uint8Array.from(bytes), { limit }))).toBe('gzip-corrupt');
  });

  it('gives a value or a FormatError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(packed.length - 1), (noise, at) => {
        const bytes = packed.slice();
        bytes.set(noise.subarray(0, packed.length - at), at);
        const code = codeOf(() => gunzip(bytes, { limit }));
        expect(code ?? 'gzip-').toMatch(/^gzip-/);
      }),
    );
  });
});
