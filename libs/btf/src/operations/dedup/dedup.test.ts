import { describe, expect, it } from 'vitest';
import {
  addComposite,
  addEnum,
  addForward,
  addFunctionProto,
  addInt,
  addPointer,
  addTypedef,
  addVariable,
  BtfBuilder,
  compareTypes,
  dedupBtf,
  dumpRaw,
  Kind,
  kindName,
  parseBtf,
  type Btf,
} from '../../index.ts';
import { seededBtf } from '../../testing/index.ts';

/** Appends all types of `source` once more. */
function append(b: BtfBuilder, source: Btf): void {
  const shift = b.nextId - 1;
  for (let id = 1; id < source.endId; id++) b.copy(source, id, (to) => (to === 0 ? 0 : to + shift));
}

/** A unit that knows `list` and either declares or defines `item`. */
function unit(b: BtfBuilder, defined: boolean): void {
  const int = addInt(b, 'int', 4, 1);
  const item = defined
    ? addComposite(b, Kind.STRUCT, 'item', 4, [{ name: 'n', type: int, bitOffset: 0 }])
    : addForward(b, 'item', false);
  const list = b.nextId;
  addComposite(b, Kind.STRUCT, 'list', 16, [
    { name: 'next', type: list + 1, bitOffset: 0 },
    { name: 'item', type: list + 2, bitOffset: 64 },
  ]);
  addPointer(b, list);
  addPointer(b, item);
}

describe('deduplicating', () => {
  it.each([1, 2, 3, 4, 5, 6])('leaves one of each type of two copies, seed %d', (seed) => {
    const once = parseBtf(dedupBtf(seededBtf(seed)));
    const b = new BtfBuilder();
    append(b, once);
    append(b, once);
    const deduped = parseBtf(dedupBtf(b.toBtf()));
    let places = 0;
    for (let id = 1; id < once.endId; id++) {
      if (once.kind(id) === Kind.VAR || once.kind(id) === Kind.DATASEC) places++;
    }
    expect(deduped.typeCount).toBe(once.typeCount + places);
    for (let id = 1; id < once.endId; id++) {
      expect(compareTypes(once, id, deduped, id)).toBeUndefined();
    }
  });

  it('joins types that form cycles, and resolves a declaration to its one definition', () => {
    const b = new BtfBuilder();
    unit(b, false);
    const first = b.nextId - 1;
    const other = new BtfBuilder();
    unit(other, true);
    append(b, other.toBtf());
    const deduped = parseBtf(dedupBtf(b.toBtf()));
    expect(first).toBe(5);
    expect(deduped.typeCount).toBe(5);
    expect(deduped.find('item', Kind.FWD)).toBeUndefined();
  });

  it('resolves a declaration by what uses it where its name has two definitions', () => {
    const b = new BtfBuilder();
    unit(b, false);
    for (const other of [true, false]) {
      const next = new BtfBuilder();
      if (other) unit(next, true);
      else addComposite(next, Kind.STRUCT, 'item', 1, []);
      append(b, next.toBtf());
    }
    const deduped = parseBtf(dedupBtf(b.toBtf()));
    expect(deduped.find('item', Kind.FWD)).toBeUndefined();
    const [list] = deduped.findAll('list');
    const item = deduped.sizeOrType(deduped.tail(list, 4));
    expect([deduped.name(item), deduped.sizeOrType(item)]).toEqual(['item', 4]);
    expect(deduped.findAll('list')).toHaveLength(1);
  });

  it('leaves a declaration of the base alone, and refers to the definition beside it', () => {
    const base = new BtfBuilder();
    unit(base, false);
    const core = base.toBtf();
    const split = new BtfBuilder({ base: core });
    const shift = core.typeCount;
    const other = new BtfBuilder();
    unit(other, true);
    const part = other.toBtf();
    for (let id = 1; id < part.endId; id++) {
      split.copy(part, id, (to) => (to === 0 ? 0 : to + shift));
    }
    addPointer(split, core.find('item') ?? 0);
    const deduped = parseBtf(dedupBtf(split.toBtf()), { base: core });
    const kinds = Array.from({ length: deduped.typeCount }, (_, own) => {
      return kindName(deduped.kind(deduped.firstId + own));
    });
    expect(kinds).toEqual(['STRUCT', 'STRUCT', 'PTR', 'PTR']);
  });

  it('keeps a declaration that has two definitions', () => {
    const b = new BtfBuilder();
    const int = addInt(b, 'int', 4);
    addComposite(b, Kind.STRUCT, 'item', 4, [{ name: 'a', type: int, bitOffset: 0 }]);
    addComposite(b, Kind.STRUCT, 'item', 4, [{ name: 'b', type: int, bitOffset: 0 }]);
    addPointer(b, addForward(b, 'item', false));
    addComposite(b, Kind.UNION, 'data', 4, [{ name: 'b', type: int, bitOffset: 0 }]);
    addPointer(b, addForward(b, 'data', false));
    expect(parseBtf(dedupBtf(b.toBtf())).typeCount).toBe(8);
  });

  it('resolves an enum without values', () => {
    const b = new BtfBuilder();
    addPointer(b, addEnum(b, 'state', 4, false, []));
    addPointer(b, addEnum(b, 'state', 4, false, [['ON', 1n]]));
    expect(parseBtf(dedupBtf(b.toBtf())).typeCount).toBe(2);
  });

  it('tells apart what differs only far away', () => {
    const b = new BtfBuilder();
    for (const size of [4, 8]) {
      let type = addInt(b, 'int', size);
      for (let i = 0; i < 20; i++) type = addPointer(b, type);
      addFunctionProto(b, type, []);
    }
    expect(parseBtf(dedupBtf(b.toBtf())).typeCount).toBe(44);
  });

  it('takes from split BTF what its base has', () => {
    const base = seededBtf(3);
    const b = new BtfBuilder({ base });
    for (let id = 1; id < base.endId; id++)
      b.copy(base, id, (to) => (to === 0 ? 0 : to + base.typeCount));
    addVariable(b, 'v', addTypedef(b, 'fresh', base.typeCount + 1), 1);
    const deduped = parseBtf(dedupBtf(b.toBtf()), { base });
    const fresh = deduped.find('fresh') ?? 0;
    expect(deduped.sizeOrType(fresh)).toBe(1);
    expect(Buffer.from(dumpRaw(deduped)).toString()).toContain("TYPEDEF 'fresh' type_id=1\n");
  });
});
