import { execFileSync } from 'node:child_process';
import { FormatError } from '@btf-depot/bytes';
import { testWith } from '@btf-depot/testing/programs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressionOf, decompress, type DecompressOptions } from '../index.ts';
import { sampleContent } from '../testing/samples.ts';
import { Xxh32 } from './xxh32.ts';

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

async function unpack(
  bytes: Uint8Array,
  options: Partial<DecompressOptions> = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const settings = { limit: 1e8, ...options };
  for await (const chunk of decompress('lz4', [bytes], settings)) chunks.push(chunk);
  return joined(...chunks);
}

const lz4 = (input: Uint8Array, ...flags: string[]) =>
  new Uint8Array(
    execFileSync('lz4', ['-q', '-c', ...flags], { input, maxBuffer: 2 ** 28, stdio: 'pipe' }),
  );

/** More than a block of any size has, with matches that reach back over blocks. */
function long(bytes: number): Uint8Array {
  const some = sampleContent();
  const whole = Buffer.alloc(bytes, some);
  for (let at = 0; at < bytes; at += 4099) whole[at] = at % 251;
  return new Uint8Array(whole);
}

describe('frames as lz4 writes them (needs the program)', () => {
  const content = long(9_000_001);
  const FLAGS = [
    ['-1'],
    ['-9'],
    ['-B4', '-BD'],
    ['-B5', '-BD', '-9'],
    ['-B6', '-BX'],
    ['-B7', '-BI', '--no-frame-crc'],
    ['-B4', '-BD', '-BX', '--content-size'],
    ['--content-size', '--no-frame-crc'],
    ['-l'],
    ['-l', '-9'],
  ];
  for (const flags of FLAGS) {
    testWith(['lz4'], flags.join(' '), async () => {
      const packed = lz4(content, ...flags);
      expect(compressionOf(packed)).toBe('lz4');
      expect(Buffer.compare(await unpack(packed), content)).toBe(0);
      const padded = joined(packed, new Uint8Array(777));
      for (const trailing of ['pass', 'ignore'] as const) {
        expect(Buffer.compare(await unpack(padded, { trailing }), content)).toBe(0);
      }
    });
  }

  testWith(['lz4'], 'bytes that do not compress, few bytes, none', async () => {
    const noise = Uint8Array.from(
      { length: 100_000 },
      (_, i) => (Math.imul(i, 0x9e3779b1) >>> 7) & 255,
    );
    for (const some of [noise, noise.subarray(0, 5), new Uint8Array()]) {
      expect(await unpack(lz4(some))).toEqual(some);
    }
  });

  testWith(
    ['lz4'],
    'a legacy stream whose last block is full ends where no block can be',
    async () => {
      const full = long(16 * 2 ** 20);
      const packed = lz4(full, '-l');
      const size = Buffer.alloc(4);
      size.writeUInt32LE(full.length);
      const tree = Buffer.from('d00dfeed00000100', 'hex');
      for (const rest of [new Uint8Array(64), tree]) {
        const bytes = joined(packed, rest);
        expect((await unpack(bytes, { trailing: 'pass' })).length).toBe(full.length);
      }
      const sized = joined(packed, size);
      const options = { trailing: 'ignore', size: full.length } as const;
      expect((await unpack(sized, options)).length).toBe(full.length);
    },
  );

  testWith(['lz4'], 'no damage of a frame with checksums passes', async () => {
    const packed = lz4(sampleContent(), '-BX', '--content-size');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(packed.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const bytes = packed.with(at, (packed[at] ?? 0) ^ by);
          await expect(unpack(bytes)).rejects.toThrow(FormatError);
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  });

  testWith(['lz4'], 'whatever is done to a frame, there is a value or a FormatError', async () => {
    const seeds = [lz4(sampleContent(), '-B4', '-BD'), lz4(sampleContent(), '-l')];
    const change = fc.tuple(fc.nat(1000), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(change, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('refuse', 'pass', 'ignore'),
        async (seed, changes, trailing) => {
          const bytes = seed.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const run = unpack(bytes, { trailing: trailing as 'pass', limit: 1e5 });
          await run.catch((error: unknown) => {
            expect(error).toBeInstanceOf(FormatError);
            expect((error as FormatError).code).toMatch(/^lz4-/);
          });
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
  });
});

it('millions of empty frames do not keep it busy', async () => {
  const frame = Buffer.from('04224d18604082' + '00000000', 'hex');
  const skippable = Buffer.from('502a4d1800000000', 'hex');
  for (const one of [frame, skippable]) {
    const many = new Uint8Array(Buffer.alloc(one.length * 5000, one));
    await expect(unpack(many)).rejects.toMatchObject({ code: 'lz4-limit' });
  }
});

it.each([
  ['', 0x02cc5d05],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('xxh32 of "%s"', (text, sum) => {
  expect(new Xxh32().update(Buffer.from(text)).digest()).toBe(sum);
  const pieces = new Xxh32();
  for (const byte of Buffer.from(text)) pieces.update(Uint8Array.of(byte));
  expect(pieces.digest()).toBe(sum);
});
