import { describe, expect, it } from 'vitest';
import { checkMap, type KernelSymbol } from '../index.ts';

const TEXT = 0xffffffff81000000n;

const own: KernelSymbol[] = [
  { name: '_stext', address: TEXT, size: 0 },
  ...Array.from({ length: 98 }, (_, index) => ({
    name: `f${index}`,
    address: TEXT + BigInt(index) * 16n,
    size: 0,
  })),
  { name: 'percpu', address: 0x1000n, size: 0 },
];

const foreign = expect.objectContaining({ code: 'symbols-foreign' }) as unknown as Error;

describe('a map is that of the kernel', () => {
  it.each<[string, KernelSymbol[]]>([
    ['with the same symbols', own],
    ['with more', [...own, { name: 'text_size', address: 1n, size: 0 }]],
    [
      'as a running kernel shows it, which was moved',
      own.map((one) =>
        one.name === 'percpu' ? one : { ...one, address: one.address + 0x1e00000n },
      ),
    ],
  ])('%s', (_, map) => {
    expect(() => checkMap(map, own)).not.toThrow();
  });
});

describe('a map is not that of the kernel', () => {
  it.each<[string, KernelSymbol[]]>([
    [
      'with one symbol at another place',
      own.map((one) => (one.name === 'f7' ? { ...one, address: one.address + 8n } : one)),
    ],
    ['with fewer than nine of ten symbols', own.slice(0, 80)],
    ['without the symbol that says how far it was moved', own.slice(1)],
    ['with no symbols', []],
  ])('%s', (_, map) => {
    expect(() => checkMap(map, own)).toThrow(foreign);
  });
});
