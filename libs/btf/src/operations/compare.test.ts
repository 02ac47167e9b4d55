import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addEnum,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addSection,
  addTypedef,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  compareTypes,
  Kind,
  packInfo,
  type Btf,
} from '../index.ts';
import { everyKind, seededBtf } from '../testing/index.ts';

/** struct task { struct mm *mm; }, struct mm { <int> flags; struct task *owner; } */
function tasks(flags: string, shift = 0): Btf {
  const b = new BtfBuilder();
  for (let i = 0; i < shift; i++) addInt(b, `filler${i}`, 1);
  const int = addInt(b, flags, 4, 1);
  const first = b.nextId;
  addComposite(b, Kind.STRUCT, 'task', 8, [{ name: 'mm', type: first + 1, bitOffset: 0 }]);
  addPointer(b, first + 2);
  addComposite(b, Kind.STRUCT, 'mm', 16, [
    { name: 'flags', type: int, bitOffset: 0 },
    { name: 'owner', type: first + 3, bitOffset: 64 },
  ]);
  addPointer(b, first);
  return b.toBtf();
}

const compare = (left: Btf, right: Btf, name = 'task') =>
  compareTypes(left, left.find(name) ?? 0, right, right.find(name) ?? 0);

const layoutOfNew = { infoBytes: 8, elementBytes: 0, flags: 0 };

describe('comparing', () => {
  it('finds equals whatever their ids', () => {
    expect(compare(tasks('int'), tasks('int', 3))).toBeUndefined();
    const [one, two] = [seededBtf(4), seededBtf(4)];
    for (let id = 1; id < one.endId; id++) expect(compareTypes(one, id, two, id)).toBeUndefined();
    const every = everyKind().toBtf();
    for (let id = 1; id < every.endId; id++) {
      expect(compareTypes(every, id, every, id)).toBeUndefined();
    }
  });

  it('says where the nearest difference is', () => {
    expect(compare(tasks('int'), tasks('u32'))).toEqual({
      path: 'task.mm→.flags',
      what: 'name',
      left: 'int',
      right: 'u32',
    });
    const sized = (size: number): Btf => {
      const b = new BtfBuilder();
      addTypedef(b, 'x', addEnum(b, 'e', size, false, [['A', BigInt(size)]]));
      return b.toBtf();
    };
    expect(compare(sized(2), sized(4), 'x')).toMatchObject({ path: 'x', what: 'size', left: '2' });
    expect(compare(sized(4), sized(8), 'x')).toMatchObject({ what: 'kind', right: 'ENUM64' });
  });

  const made = (add: (b: BtfBuilder, int: number) => number): Btf => {
    const b = new BtfBuilder({ layouts: [...builtinLayouts(), layoutOfNew] });
    addTypedef(b, 'x', add(b, addInt(b, 'int', 4, 1)));
    return b.toBtf();
  };
  it.each([
    [
      { path: 'x.b', what: 'offset', left: '32', right: '64' },
      (b: BtfBuilder, int: number, n: number) =>
        addComposite(b, Kind.STRUCT, '', 16, [
          { name: 'a', type: int, bitOffset: 0 },
          { name: 'b', type: int, bitOffset: 32 * n },
        ]),
    ],
    [
      { path: 'x.B', what: 'value', left: '1', right: '2' },
      (b: BtfBuilder, _: number, n: number) =>
        addEnum(b, '', 4, false, [
          ['A', 0n],
          ['B', BigInt(n)],
        ]),
    ],
    [
      { path: 'x', what: 'count', left: '1', right: '2' },
      (b: BtfBuilder, int: number, n: number) => addArray(b, int, int, n),
    ],
    [
      { path: 'x', what: 'linkage', left: '1', right: '2' },
      (b: BtfBuilder, int: number, n: number) => addFunction(b, 'f', int, n),
    ],
    [
      { path: 'x(2)', what: 'name', left: 'p1', right: 'p2' },
      (b: BtfBuilder, int: number, n: number) =>
        addFunctionProto(b, int, [
          ['p', int],
          [`p${n}`, int],
        ]),
    ],
    [
      { path: 'x[0]', what: 'size', left: '1', right: '2' },
      (b: BtfBuilder, int: number, n: number) =>
        addSection(b, '.bss', 4, [{ type: addVariable(b, 'v', int, 0), offset: 0, size: n }]),
    ],
    [
      { path: 'x', what: 'words', left: '7,1', right: '7,2' },
      (b: BtfBuilder, _: number, n: number) => b.addRaw(0, packInfo(23, 0, false), 0, [7, n]),
    ],
  ])('names it: %o', (expected, add) => {
    const [left, right] = [1, 2].map((n) => made((b, int) => add(b, int, n)));
    expect(compare(left, right, 'x')).toEqual(expected);
    expect(compare(left, left, 'x')).toBeUndefined();
  });
});
