import { bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Dwarf } from './index.ts';
import { ANY_TAG, At, eachChild, Entry, Form, readDwarf, Tag, UnitType } from './index.ts';
import type { DwarfLimits } from './limits.ts';
import { staticAddress, twoValuedAddress } from './locations/location.ts';
import {
  addressExpression,
  buildDwarf,
  buildImage,
  type DwarfInput,
  type DwarfSections,
  type EntryInput,
} from './testing/index.ts';

function open(sections: DwarfSections, limits: Partial<DwarfLimits> = {}): Dwarf {
  const source = bytesSource(buildImage(sections));
  return readDwarf(readElf(source), source, { limits });
}

function read(input: DwarfInput): Dwarf {
  const { endian = 'little' } = input;
  const source = bytesSource(buildImage(buildDwarf(input), [], { endian }));
  return readDwarf(readElf(source), source);
}

const unit = (...children: EntryInput[]): DwarfInput => ({
  units: [{ root: { tag: Tag.COMPILE_UNIT, children } }],
});

/** The value read for each form, from the only child of the only unit. */
function only<T>(input: DwarfInput, take: (entry: Entry, dwarf: Dwarf) => T): T {
  const dwarf = read(input);
  const found: T[] = [];
  dwarf.eachUnit((one) => {
    eachChild(one, one.header.firstEntry, ANY_TAG, (offset) => {
      found.push(take(new Entry(dwarf.tables).read(one, offset), dwarf));
    });
  });
  expect(found).toHaveLength(1);
  return found[0];
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
  return undefined;
}

function names(dwarf: Dwarf, tag: number = ANY_TAG): string[] {
  const found: string[] = [];
  const entry = new Entry(dwarf.tables);
  dwarf.eachUnit((one) => {
    eachChild(one, one.header.firstEntry, tag, (offset) => {
      found.push(entry.read(one, offset).string(At.NAME) ?? '');
    });
  });
  return found;
}

const variable = (name: string, form: number = Form.STRING): EntryInput => ({
  tag: Tag.VARIABLE,
  attributes: [[At.NAME, form, name]],
});

describe('values', () => {
  const valued = (attribute: number, form: number, value?: number | bigint | Uint8Array) =>
    unit({ tag: Tag.VARIABLE, attributes: [[attribute, form, value ?? 0]] });

  it.each([
    ['data1', Form.DATA1, 200, 200n],
    ['data2', Form.DATA2, 0xfffe, 0xfffen],
    ['data4', Form.DATA4, 0xfffffffe, 0xfffffffen],
    ['data8', Form.DATA8, 0xffff_ffff_ffff_fffen, 0xffff_ffff_ffff_fffen],
    ['udata', Form.UDATA, 300, 300n],
    ['sdata', Form.SDATA, -300, -300n],
    ['implicit_const', Form.IMPLICIT_CONST, -65, -65n],
    ['indirect', Form.INDIRECT, 7, 7n],
  ])('%s is a constant', (_, form, value, expected) => {
    const input = valued(At.CONST_VALUE, form, value);
    expect(only(input, (entry) => entry.integer(At.CONST_VALUE))).toBe(expected);
    expect(only(input, (entry) => entry.unsigned(At.CONST_VALUE))).toBe(Number(expected));
  });

  it.each([
    ['exprloc', Form.EXPRLOC],
    ['block', Form.BLOCK],
    ['block1', Form.BLOCK1],
    ['block2', Form.BLOCK2],
    ['block4', Form.BLOCK4],
  ])('%s is a block', (_, form) => {
    const input = valued(At.LOCATION, form, Uint8Array.of(1, 2, 3));
    expect(only(input, (entry) => entry.block(At.LOCATION))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('flags are set or not', () => {
    const flag = (form: number, value: number): boolean =>
      only(valued(At.EXTERNAL, form, value), (entry) => entry.flag(At.EXTERNAL));
    expect([flag(Form.FLAG_PRESENT, 0), flag(Form.FLAG, 1), flag(Form.FLAG, 0)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(only(unit({ tag: Tag.VARIABLE }), (entry) => entry.flag(At.EXTERNAL))).toBe(false);
  });

  it.each([
    ['string', Form.STRING],
    ['strp', Form.STRP],
    ['line_strp', Form.LINE_STRP],
  ])('%s is a string', (_, form) => {
    expect(names(read(unit(variable('jiffies', form))))).toEqual(['jiffies']);
  });

  it.each([
    ['strx', Form.STRX],
    ['strx1', Form.STRX1],
    ['strx2', Form.STRX2],
  ])('%s is a string by its index from the base of the unit', (_, form) => {
    const root: EntryInput = {
      tag: Tag.COMPILE_UNIT,
      attributes: [[At.STR_OFFSETS_BASE, Form.SEC_OFFSET, 8]],
      children: [{ tag: Tag.VARIABLE, attributes: [[At.NAME, form, 1]] }],
    };
    expect(names(read({ units: [{ root }], strings: ['no', 'yes'] }))).toEqual(['yes']);
  });
});

describe('locations', () => {
  const placed = (expression: Uint8Array): DwarfInput => ({
    units: [
      {
        root: {
          tag: Tag.COMPILE_UNIT,
          attributes: [[At.ADDR_BASE, Form.SEC_OFFSET, 8]],
          children: [{ tag: Tag.VARIABLE, attributes: [[At.LOCATION, Form.EXPRLOC, expression]] }],
        },
      },
    ],
    addresses: [1n, 0xffff_8000_0000_1000n],
  });
  const address = (...expression: number[]): bigint | undefined =>
    only(placed(Uint8Array.from(expression)), (entry, dwarf) => {
      let found: bigint | undefined;
      dwarf.eachUnit((one) => {
        const block = entry.block(At.LOCATION) ?? new Uint8Array();
        found = staticAddress(one, dwarf.tables, block, entry.offset);
      });
      return found;
    });
  const direct = [...addressExpression(0xffff_8000_0000_1000n)];

  it('are addresses, direct or by index, perhaps with a constant added', () => {
    expect(address(...direct)).toBe(0xffff_8000_0000_1000n);
    expect(address(0xa1, 1)).toBe(0xffff_8000_0000_1000n);
    expect(address(0xa1, 1, 0x23, 0x80, 1)).toBe(0xffff_8000_0000_1080n);
  });

  it('are the byte that clang makes of a variable with two values', () => {
    const twoValued = (...expression: number[]) =>
      only(placed(Uint8Array.from(expression)), (entry, dwarf) => {
        let found: ReturnType<typeof twoValuedAddress>;
        dwarf.eachUnit((one) => {
          const block = entry.block(At.LOCATION) ?? new Uint8Array();
          found = twoValuedAddress(one, dwarf.tables, block, entry.offset);
        });
        return found;
      });
    const there = { address: 0xffff_8000_0000_1000n };
    const byte = [0xa1, 1, 0x94, 1];
    expect(twoValued(...byte, 0x31, 0x1e, 0x30, 0x22, 0x9f)).toEqual({ ...there, isValue: true });
    expect(twoValued(...direct, 0x94, 1, 0x31, 0x1e, 0x30, 0x22, 0x9f)).toEqual({
      ...there,
      isValue: true,
    });
    // Two values other than 0 and 1; constants without a literal.
    for (const other of [
      [0x34, 0x1e, 0x30, 0x22, 0x9f],
      [0x31, 0x1e, 0x33, 0x22, 0x9f],
      [0x10, 0x80, 0x02, 0x1e, 0x10, 0x05, 0x22, 0x9f],
    ]) {
      expect(twoValued(...byte, ...other)).toEqual({ ...there, isValue: false });
    }
    for (const another of [
      [0x31, 0x1e, 0x30, 0x22],
      [0x31, 0x1e, 0x30, 0x22, 0x06, 0x9f],
      [0x31, 0x22, 0x30, 0x1e, 0x9f],
      [0x9f],
    ]) {
      expect(twoValued(...byte, ...another)).toBeUndefined();
    }
    expect(twoValued(0xa1, 1, 0x94, 4, 0x31, 0x1e, 0x30, 0x22, 0x9f)).toBeUndefined();
    expect(address(...byte, 0x31, 0x1e, 0x30, 0x22, 0x9f)).toBeUndefined();
  });

  it('are none for registers, values without storage and pieces', () => {
    expect(address(0x50)).toBeUndefined();
    expect(address(...direct, 0x9f)).toBeUndefined();
    expect(address(...direct, 0x93, 4)).toBeUndefined();
    expect(address()).toBeUndefined();
  });

  it('are refused outside the expression or .debug_addr', () => {
    expect(codeOf(() => address(...direct.slice(0, 5)))).toBe('dwarf-entry');
    expect(codeOf(() => address(0xa1, 2))).toBe('dwarf-entry');
  });
});

describe('walking', () => {
  const body: EntryInput = {
    tag: Tag.SUBPROGRAM,
    children: [variable('local'), { tag: Tag.SUBPROGRAM, children: [variable('deep')] }],
  };
  const withSibling: EntryInput = {
    ...body,
    attributes: [
      [At.LOCATION, Form.EXPRLOC, Uint8Array.of(0x9c)],
      [At.SIBLING, Form.REF4, { label: 'next' }],
    ],
  };

  it('passes over what is inside functions, with and without siblings', () => {
    const first = variable('first');
    const next = { ...variable('next'), label: 'next' };
    expect(names(read(unit(first, body, next)), Tag.VARIABLE)).toEqual(['first', 'next']);
    expect(names(read(unit(first, withSibling, next)), Tag.VARIABLE)).toEqual(['first', 'next']);
  });

  it('takes only the children of the entry, even where that has a sibling', () => {
    const dwarf = read(unit(withSibling, { ...variable('next'), label: 'next' }));
    const found: string[] = [];
    const entry = new Entry(dwarf.tables);
    dwarf.eachUnit((one) => {
      eachChild(one, one.header.firstEntry, Tag.SUBPROGRAM, (offset) => {
        eachChild(one, offset, Tag.VARIABLE, (child) => {
          found.push(entry.read(one, child).string(At.NAME) ?? '');
        });
      });
    });
    expect(found).toEqual(['local']);
  });

  it('works for each version, offset size and byte order of units', () => {
    for (const version of [2, 3, 4, 5]) {
      for (const offsetSize of [4, 8] as const) {
        for (const endian of ['little', 'big'] as const) {
          const root = { tag: Tag.COMPILE_UNIT, children: [variable('x', Form.STRP)] };
          const units = [
            { version, offsetSize, root },
            { version, offsetSize, addressSize: 4 as const, root },
          ];
          expect(names(read({ endian, units }))).toEqual(['x', 'x']);
        }
      }
    }
  });
});

describe('references', () => {
  const pointing = (form: number, label: string): EntryInput => ({
    tag: Tag.POINTER_TYPE,
    attributes: [[At.TYPE, form, { label }]],
  });
  const target: EntryInput = { ...variable('int'), label: 'int' };
  const nameOfTarget = (dwarf: Dwarf): string | undefined => {
    let name: string | undefined;
    const entry = new Entry(dwarf.tables);
    dwarf.eachUnit((one) => {
      eachChild(one, one.header.firstEntry, Tag.POINTER_TYPE, (offset) => {
        const number = entry.read(one, offset).reference(At.TYPE);
        const other = dwarf.unitOf(number);
        name = entry.read(other, number - other.start).string(At.NAME);
      });
    });
    return name;
  };

  it.each([
    ['ref1', Form.REF1],
    ['ref2', Form.REF2],
    ['ref4', Form.REF4],
    ['ref8', Form.REF8],
  ])('%s leads to an entry of the unit', (_, form) => {
    expect(nameOfTarget(read(unit(target, pointing(form, 'int'))))).toBe('int');
  });

  it('ref_addr leads to another unit', () => {
    const other = { tag: Tag.PARTIAL_UNIT, children: [target] };
    const root = { tag: Tag.COMPILE_UNIT, children: [pointing(Form.REF_ADDR, 'int')] };
    for (const version of [2, 4, 5]) {
      const units = [
        { version, root },
        { version, root: other, type: UnitType.PARTIAL },
      ];
      expect(
        nameOfTarget(
          read({ units: version === 5 ? units : units.map((one) => ({ ...one, type: 1 })) }),
        ),
      ).toBe('int');
    }
  });

  it('ref_sig8 leads to a type unit', () => {
    const root: EntryInput = {
      tag: Tag.COMPILE_UNIT,
      children: [{ tag: Tag.POINTER_TYPE, attributes: [[At.TYPE, Form.REF_SIG8, 0x1234n]] }],
    };
    const type = { type: UnitType.TYPE, signature: 0x1234n, typeLabel: 'int' };
    const types = { ...type, root: { tag: Tag.TYPE_UNIT, children: [target] } };
    expect(nameOfTarget(read({ units: [{ root }, types] }))).toBe('int');
    expect(codeOf(() => nameOfTarget(read({ units: [{ root }] })))).toBe('dwarf-entry');
  });

  it('must not leave their unit or the file', () => {
    const local = unit({ tag: Tag.POINTER_TYPE, attributes: [[At.TYPE, Form.REF4, 1]] });
    expect(codeOf(() => nameOfTarget(read(local)))).toBe('dwarf-entry');
    const far = unit({ tag: Tag.POINTER_TYPE, attributes: [[At.TYPE, Form.REF_ADDR, 9999]] });
    expect(codeOf(() => nameOfTarget(read(far)))).toBe('dwarf-entry');
  });
});

describe('sections', () => {
  const sections = buildDwarf(unit(variable('x', Form.STRP)));
  const head = (type: number, size: number): Buffer => {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt32LE(type, 0);
    bytes.writeBigUInt64LE(BigInt(size), 8);
    bytes.writeBigUInt64LE(1n, 16);
    return bytes;
  };
  const compressed = (type: number, content: Uint8Array, size: number): Dwarf => {
    const bytes = Buffer.concat([head(type, size), content]);
    const file = buildImage(sections, [], { compressed: { '.debug_info': bytes } });
    const source = bytesSource(file);
    return readDwarf(readElf(source), source, { limits: { memory: 100_000 } });
  };
  const info = sections['.debug_info'];

  it('are decompressed, zlib and zstd', () => {
    expect(names(compressed(1, deflateSync(info), info.length))).toEqual(['x']);
    expect(names(compressed(2, zstdCompressSync(info), info.length))).toEqual(['x']);
  });

  const old = (content: Uint8Array, size: number, magic = 'ZLIB'): Dwarf => {
    const start = Buffer.from(`${magic}00000000`);
    start.writeBigUInt64BE(BigInt(size), 4);
    const others = Object.entries(sections).filter(([name]) => name !== '.debug_info');
    const packed = Buffer.concat([start, content]);
    return open({ ...Object.fromEntries(others), '.zdebug_info': packed });
  };

  it('of old tool chains, .zdebug_…, are decompressed too', () => {
    expect(names(old(deflateSync(info), info.length))).toEqual(['x']);
    expect(codeOf(() => old(deflateSync(info), info.length + 1))).toBe('dwarf-compression');
    expect(codeOf(() => old(deflateSync(info), info.length, 'ZSTD'))).toBe('dwarf-compression');
  });

  it('are refused where they do not inflate to what they announce, or to more than the limit', () => {
    const huge = deflateSync(Buffer.alloc(10_000_000));
    expect(codeOf(() => compressed(1, huge, 10_000_000))).toBe('dwarf-limit');
    // The announced size is refused before inflating, and the output never exceeds it.
    expect(() => compressed(2, zstdCompressSync(info), 100e9)).toThrow(
      '.debug_info: 100000000000 bytes to hold in memory',
    );
    expect(codeOf(() => compressed(1, huge, info.length))).toBe('dwarf-compression');
    expect(codeOf(() => compressed(1, deflateSync(info), info.length + 1))).toBe(
      'dwarf-compression',
    );
    expect(codeOf(() => compressed(2, Buffer.from('junk'), info.length))).toBe('dwarf-compression');
    expect(codeOf(() => compressed(9, info, info.length))).toBe('dwarf-compression');
  });

  it('of split debug information are named in the refusal', () => {
    expect(codeOf(() => open({ '.debug_info.dwo': info }))).toBe('dwarf-split');
    expect(codeOf(() => open({ '.debug_str': Uint8Array.of(0) }))).toBe('dwarf-none');
    const root: EntryInput = {
      tag: Tag.COMPILE_UNIT,
      attributes: [[At.DWO_NAME, Form.STRING, 'x.dwo']],
    };
    expect(codeOf(() => names(read({ units: [{ root }] })))).toBe('dwarf-split');
    const skeleton = { root, type: UnitType.SKELETON };
    expect(codeOf(() => read({ units: [skeleton] }))).toBe('dwarf-split');
  });

  it("of dwz's alternate file are named in the refusal, if anything is in it", () => {
    for (const [attribute, form] of [
      [At.NAME, Form.GNU_STRP_ALT],
      [At.TYPE, Form.GNU_REF_ALT],
      [At.NAME, Form.STRP_SUP],
    ] as const) {
      const input = unit({ tag: Tag.VARIABLE, attributes: [[attribute, form, 1]] });
      const take = (entry: Entry) => [entry.reference(At.TYPE), entry.string(At.NAME)];
      expect(codeOf(() => only(input, take))).toBe('dwarf-alternate');
    }
  });
});

it('a source that reuses memory gives the same units', () => {
  const one = (name: string): EntryInput => ({
    tag: Tag.VARIABLE,
    attributes: [[At.NAME, Form.STRING, name]],
  });
  // The second unit does not fit into the memory for units; the third begins where the first did.
  const units = ['first', 'x'.repeat(1_100_000), 'third'].map((name) => ({
    root: { tag: Tag.COMPILE_UNIT, children: [one(name)] },
  }));
  const source = bytesSource(buildImage(buildDwarf({ units })));
  const limits = { stringBytes: 2_000_000 };
  const used = new Set<ArrayBufferLike>();
  const readInto = (offset: number, target: Uint8Array): void => {
    used.add(target.buffer);
    target.set(source.read(offset, target.length));
  };
  const again = { ...source, readInto };
  const found = names(readDwarf(readElf(again), again, { limits }), Tag.VARIABLE);
  expect(found).toEqual(names(readDwarf(readElf(source), source, { limits }), Tag.VARIABLE));
  expect(found).toHaveLength(3);
  expect(used.size).toBe(1);
});
