import { describe, expect, it } from 'vitest';
import {
  addComposite,
  addEnum,
  addInt,
  addPointer,
  addTypedef,
  BtfBuilder,
  compareTypes,
  Kind,
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
});
