import { FormatError } from '@btf-depot/bytes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kallsymsImage, type KallsymsShape, type MapLine } from '../testing/kallsyms-image.ts';
import { hasVariables, readKallsyms } from './read-kallsyms.ts';

const TEXT = 0xffffffff81000000n;
const RODATA = 0xffffffff82000000n;

/** Some share a name, some an address, and one name has two bytes of length. */
function symbolsAt(text: bigint, count = 700): MapLine[] {
  return Array.from({ length: count }, (_, index) => ({
    address: text + BigInt(index - (index % 3)) * 16n,
    type: index % 5 === 0 ? 'd' : 'T',
    name: index % 50 === 0 ? '__counter' : `sys_${'x'.repeat(index === 300 ? 200 : 3)}_${index}`,
  }));
}

const percpu: MapLine[] = Array.from({ length: 20 }, (_, index) => ({
  address: BigInt(index) * 64n,
  type: 'A',
  name: `percpu_${index}`,
}));

const old = { addresses: 'before', order: 0, markerSize: 4, alignment: 8, bits: 64 } as const;
const x86 = { ...old, endian: 'little' } as const;
const newer = { ...x86, addresses: 'behind', order: 3 } as const;

interface Case {
  readonly shape: KallsymsShape;
  readonly symbols: readonly MapLine[];
  readonly percpuEnd?: bigint;
  readonly first?: bigint;
}

const symbols = symbolsAt(TEXT);
const withPercpu = { symbols: [...percpu, ...symbols], percpuEnd: 0x1000n };

const cases: Record<string, Case> = {
  'addresses as they are': { shape: { ...x86, form: 'absolute', markerSize: 8 }, symbols },
  'offsets from a base': { shape: { ...x86, form: 'base-relative' }, symbols },
  'the same with an order of four bytes': {
    shape: { ...x86, form: 'base-relative', order: 4 },
    symbols,
  },
  'offsets below the base, and per-CPU variables as they are': {
    shape: { ...x86, form: 'absolute-percpu', order: 3 },
    ...withPercpu,
  },
  'addresses behind the tokens': { shape: { ...newer, form: 'absolute' }, symbols },
  'offsets behind the tokens': { shape: { ...newer, form: 'base-relative' }, symbols },
  'per-CPU variables behind the tokens': {
    shape: { ...newer, form: 'absolute-percpu' },
    ...withPercpu,
  },
  'offsets from their own place': {
    shape: { ...newer, form: 'place-relative', alignment: 4 },
    symbols,
  },
  'big-endian words': {
    shape: { ...old, endian: 'big', form: 'base-relative' },
    symbols: symbolsAt(0x100000n),
  },
  'big-endian addresses': {
    shape: { ...old, endian: 'big', form: 'absolute', markerSize: 8 },
    symbols: symbolsAt(0x100000n),
  },
  'words of 32 bits': {
    shape: { ...x86, form: 'base-relative', bits: 32, alignment: 4 },
    symbols: symbolsAt(0xc0008000n),
  },
  'words of 32 bits behind the tokens': {
    shape: { ...newer, form: 'base-relative', bits: 32, alignment: 4 },
    symbols: symbolsAt(0xc0008000n),
  },
  'addresses of 32 bits': {
    shape: { ...x86, form: 'absolute', bits: 32, alignment: 4 },
    symbols: symbolsAt(0xc0008000n),
  },
};

function imageOf({ shape, symbols: listed, percpuEnd }: Case) {
  return kallsymsImage(listed, shape, {
    first: RODATA,
    percpuEnd,
  });
}

function listOf(found: ReturnType<typeof readKallsyms>): MapLine[] | undefined {
  return found?.names.map((name, index) => ({
    address: found.addresses[index],
    type: String.fromCharCode(found.types[index]),
    name,
  }));
}

describe('the symbols inside a kernel', () => {
  it.each(Object.entries(cases))('are all read: %s', (_, one) => {
    const found = readKallsyms(imageOf(one).bytes, { address: RODATA });
    expect(found).toMatchObject({ form: one.shape.form, endian: one.shape.endian });
    expect(listOf(found)).toEqual(one.symbols);
  });

  it.each([16, 255, 256, 257, 512])('are read to the last of %i', (count) => {
    for (const { shape } of Object.values(cases)) {
      // A single marker must lie right before the tokens.
      if (count <= 256 && shape.addresses === 'before' && shape.order > 0) continue;
      const text = shape.bits === 32 ? 0xc0008000n : TEXT;
      const few = symbolsAt(text, count);
      const { bytes } = kallsymsImage(few, shape, { first: RODATA });
      expect(listOf(readKallsyms(bytes, { address: RODATA }))).toEqual(few);
    }
  });

  it('count from the base that the word is relocated to', () => {
    const { bytes } = kallsymsImage(
      symbols,
      { ...x86, form: 'base-relative' },
      { first: RODATA, base: 0n },
    );
    expect(readKallsyms(bytes)?.addresses[0]).toBe(0n);
    expect(readKallsyms(bytes)?.base?.value).toBe(0n);
    expect(listOf(readKallsyms(bytes, { base: TEXT }))).toEqual(symbols);
  });

  it('are found among bytes that look like the beginning of tokens', () => {
    const digits = Buffer.from(Array.from('0123456789', (digit) => `${digit}\0`).join(''));
    const { bytes } = imageOf(cases['offsets from a base']);
    const many = Buffer.concat([...Array<Buffer>(20).fill(digits), Buffer.alloc(112), bytes]);
    expect(listOf(readKallsyms(many))).toEqual(symbols);
  });

  it('say by the end of the image whether variables are among them', () => {
    expect(hasVariables({ names: ['_stext', 'start_kernel', '_etext'] })).toBe(false);
    expect(hasVariables({ names: ['_stext', 'jiffies', '_end'] })).toBe(true);
  });
});

describe('a table that another one contradicts is not read:', () => {
  // In each table the byte that decides, and its replacement.
  it.each(Object.entries(cases))('%s', (_, one) => {
    const { bytes, places } = imageOf(one);
    const big = one.shape.endian === 'big';
    const word = one.shape.bits === 64 && one.shape.form === 'absolute' ? 8 : 4;
    const middle = one.symbols.length >> 1;
    const changes: Record<string, number | undefined> = {
      index: places.index + 0x41 * 2,
      tokens: places.tokens + 0x41,
      markers: places.markers + one.shape.markerSize + (big ? one.shape.markerSize - 1 : 0),
      names: places.names,
      numSyms: places.numSyms + (big ? 3 : 0),
      addresses: places.addresses + middle * word + (big ? 0 : word - 1),
      order: one.shape.addresses === 'behind' ? places.order + 2 : undefined,
    };
    for (const [table, at] of Object.entries(changes)) {
      if (at === undefined) continue;
      const broken = bytes.slice();
      broken[at] ^= 0x55;
      expect(readKallsyms(broken, { address: RODATA }), table).toBeUndefined();
    }
  });
});

describe('hostile bytes', () => {
  it('give symbols, nothing, or a FormatError', () => {
    const images = Object.values(cases).map((one) => imageOf(one));
    const change = fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)));
    const any = fc.record({
      image: fc.constantFrom(...images),
      near: fc.constantFrom('tokens', 'index', 'markers', 'names', 'numSyms', 'addresses'),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
      length: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(any, ({ image, near, changes, length }) => {
        const bytes = image.bytes.slice(
          0,
          length === null ? undefined : length % image.bytes.length,
        );
        for (const [at, value] of changes) bytes[image.places[near] + (at % 16)] = value;
        try {
          const found = readKallsyms(bytes);
          if (found) expect(found.addresses).toHaveLength(found.names.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 600, seed: 18 },
    );
  });

  it('that make long names of short ones are refused', () => {
    const { bytes, places } = imageOf(cases['offsets from a base']);
    expect(() => readKallsyms(bytes, { limits: { symbols: 100 } })).toThrow(
      expect.objectContaining({ code: 'kallsyms-limit' }),
    );
    expect(() => readKallsyms(bytes, { limits: { text: 1000 } })).toThrow(
      expect.objectContaining({ code: 'kallsyms-limit' }),
    );
    expect(places.names).toBeGreaterThan(0);
  });

  it.each<[string, (bytes: Buffer) => void]>([
    [
      'digits everywhere',
      (bytes) => bytes.fill('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00'),
    ],
    ['zeros before the tokens', () => undefined],
    [
      'numbers that grow before the tokens',
      (bytes) => {
        for (let at = 0; at + 4 <= bytes.length; at += 4)
          bytes.writeUInt32LE((at % 4096) * 256, at);
      },
    ],
    ['the number of names everywhere', (bytes) => bytes.fill(Buffer.of(0, 2, 0, 0))],
  ])('are given up in time: %s', (_, fill) => {
    const { bytes, places } = imageOf(cases['offsets from a base']);
    const before = Buffer.alloc(16 * 2 ** 20);
    fill(before);
    const tokens = places.tokens & ~7;
    const hostile = Buffer.concat([before, bytes.subarray(tokens)]);
    const start = performance.now();
    expect(readKallsyms(hostile)).toBeUndefined();
    // 20 to 300 ms on an idle machine.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
