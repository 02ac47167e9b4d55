import { bytesSource } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import { readElf, reduceElf, SectionFlag, SectionType } from './index.ts';
import { executable } from './testing/index.ts';

const alloc = { flags: SectionFlag.ALLOC };
const file = executable({
  sections: [
    { name: '.text', address: 0x1000n, ...alloc, bytes: new Uint8Array(5000).fill(1) },
    { name: '.rodata', address: 0x3000n, ...alloc, bytes: new Uint8Array(100).fill(2) },
    { name: '.BTF', address: 0x4000n, ...alloc, bytes: Uint8Array.of(3, 4, 5) },
    { name: '.debug_info', flags: 0, bytes: new Uint8Array(9000).fill(6) },
    { name: '.bss', address: 0x5000n, ...alloc, type: SectionType.NOBITS, bytes: new Uint8Array() },
  ],
  symbols: [{ name: 'banner', value: 0x3010n, size: 4, section: '.rodata' }],
});
const whole = readElf(bytesSource(file));
const rangeOf = (name: string) => {
  const section = whole.section(name);
  return { offset: section?.offset ?? 0, length: section?.size ?? 0 };
};

describe('a reduced file', () => {
  const { offset } = rangeOf('.rodata');
  const ranges = [
    ...['.BTF', '.symtab', '.strtab'].map(rangeOf),
    { offset: offset + 0x10, length: 4 },
  ];
  const bytes = reduceElf(bytesSource(file), ranges);
  const reduced = readElf(bytesSource(bytes));

  it('has what was asked for, and is small', () => {
    const btf = reduced.section('.BTF');
    expect(btf && [...reduced.bytes(btf)]).toEqual([3, 4, 5]);
    const banner = reduced.symbol('banner');
    expect(banner).toEqual(whole.symbol('banner'));
    expect(banner && [...(reduced.bytesOf(banner) ?? [])]).toEqual([2, 2, 2, 2]);
    expect(bytes.length).toBeLessThan(2000);
  });

  it('has zeros around a range, and keeps every section in its place', () => {
    const rodata = reduced.section('.rodata');
    const content = rodata && reduced.bytes(rodata);
    expect(content?.reduce((sum, byte) => sum + byte, 0)).toBe(8);
    const places = reduced.sections.map(({ index, address, size }) => [index, address, size]);
    expect(places).toEqual(whole.sections.map((one) => [one.index, one.address, one.size]));
  });

  it('shows that the rest has no contents', () => {
    expect(reduced.section('.text')?.type).toBe(SectionType.NOBITS);
    expect(reduced.section('.debug_info')).toBeUndefined();
  });

  it('is the same when it is reduced again', () => {
    const again = readElf(bytesSource(bytes));
    const sameRanges = ['.BTF', '.symtab', '.strtab', '.rodata'].map((name) => {
      const section = again.section(name);
      return { offset: section?.offset ?? 0, length: section?.size ?? 0 };
    });
    expect(reduceElf(bytesSource(bytes), sameRanges)).toEqual(bytes);
  });
});

it('refuses a section beyond the end of the file before it sets memory aside', () => {
  const { offset } = rangeOf('.rodata');
  const lying = file.slice();
  const view = new DataView(lying.buffer);
  const headers = Number(view.getBigUint64(40, true));
  view.setBigUint64(headers + 2 * 64 + 32, 2n ** 40n, true);
  expect(() => reduceElf(bytesSource(lying), [{ offset, length: 1 }])).toThrow('.rodata');
});
