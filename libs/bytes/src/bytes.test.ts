import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, bytesSource, FormatError, sliceSource } from './index.ts';

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

describe('a source', () => {
  const source = bytesSource(Uint8Array.from([0, 1, 2, 3, 4, 5]));

  it('reads up to its last byte and nothing beyond', () => {
    expect([...source.read(4, 2)]).toEqual([4, 5]);
    expect(source.read(6, 0)).toHaveLength(0);
    expect(codeOf(() => source.read(5, 2))).toBe('source-bounds');
  });

  it.each([
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [NaN, 1],
    [0, Infinity],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('refuses the range %d, %d', (offset, length) => {
    expect(codeOf(() => source.read(offset, length))).toBe('source-bounds');
  });

  it('keeps a slice inside its own range', () => {
    const slice = sliceSource(source, 2, 3);
    expect([...slice.read(0, 3)]).toEqual([2, 3, 4]);
    expect(codeOf(() => slice.read(1, 3))).toBe('source-bounds');
    expect(codeOf(() => sliceSource(source, 4, 3))).toBe('source-bounds');
    expect(slice.readInto).toBeUndefined();
  });

  it('whose memory is given keeps to its range too', () => {
    const readInto = (offset: number, target: Uint8Array): void =>
      target.set(source.read(offset, target.length));
    const slice = sliceSource({ ...source, readInto }, 2, 3);
    const target = new Uint8Array(2);
    slice.readInto?.(1, target);
    expect([...target]).toEqual([3, 4]);
    expect(codeOf(() => slice.readInto?.(2, target))).toBe('source-bounds');
  });
});

describe.each(['little', 'big'] as const)('%s endian', (endian) => {
  it('reads back what was written', () => {
    const bytes = new ByteWriter(endian, 1)
      .u8(0xfe)
      .align(4)
      .u16(0xabcd)
      .zeros(2)
      .u32(0xfffffffe)
      .u32(0xfffffffe)
      .u64(0xffff_ffff_8100_0000n)
      .u64(0x1_0000_0000)
      .bytes(Uint8Array.from([7, 8]))
      .finish();
    const reader = new ByteReader(bytes, endian);
    expect(reader.u8()).toBe(0xfe);
    reader.seek(4);
    expect(reader.u16()).toBe(0xabcd);
    reader.skip(2);
    expect(reader.u32()).toBe(0xfffffffe);
    expect(reader.i32()).toBe(-2);
    expect(reader.u64()).toBe(0xffff_ffff_8100_0000n);
    expect(reader.u64AsNumber()).toBe(0x1_0000_0000);
    expect([...reader.take(2)]).toEqual([7, 8]);
    expect(reader.remaining).toBe(0);
  });
});

describe('a reader', () => {
  it('names section, offset and code where the bytes end', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5), 'little', {
      section: '.notes',
      base: 0x100,
      code: 'elf-truncated',
    });
    reader.u32();
    expect(() => reader.u32()).toThrow(
      expect.objectContaining({
        code: 'elf-truncated',
        where: { section: '.notes', offset: 0x104 },
        message: '.notes+0x104: 4 bytes needed, 1 left',
      }),
    );
    expect(codeOf(() => reader.seek(6))).toBe('elf-truncated');
    expect(codeOf(() => reader.take(-1))).toBe('elf-truncated');
  });

  it('refuses a 64-bit size that no number holds', () => {
    const reader = new ByteReader(new Uint8Array(8).fill(0xff), 'little');
    expect(codeOf(() => reader.u64AsNumber())).toBe('truncated');
  });
});
