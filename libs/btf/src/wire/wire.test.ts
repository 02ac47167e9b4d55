import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addEnum,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addQualifier,
  addSection,
  addTypedef,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  eachReference,
  Kind,
  packInfo,
  parseBtf,
  reachable,
  referrers,
  type Btf,
} from '../index.ts';

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

/** int, struct list { struct list *next; int n; }, list_t, a per-CPU variable of it. */
function core(endian: 'little' | 'big' = 'little'): BtfBuilder {
  const b = new BtfBuilder({ endian });
  const int = addInt(b, 'int', 4, 1);
  addComposite(b, Kind.STRUCT, 'list', 16, [
    { name: 'next', type: 3, bitOffset: 0 },
    { name: 'n', type: int, bitOffset: 64 },
  ]);
  addPointer(b, 2);
  addTypedef(b, 'list_t', 2);
  const variable = addVariable(b, 'head', 4, 1);
  addSection(b, '.data..percpu', 16, [{ type: variable, offset: 0, size: 16 }]);
  return b;
}

function word(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(offset, value, true);
  return copy;
}

describe.each(['little', 'big'] as const)('standalone BTF, %s endian', (endian) => {
  const bytes = core(endian).finish();
  const btf = parseBtf(bytes);

  it('gives back what was added', () => {
    expect(btf.endian).toBe(endian);
    expect([btf.firstId, btf.endId]).toEqual([1, 7]);
    expect(Array.from({ length: 7 }, (_, id) => btf.kind(id))).toEqual([
      Kind.VOID,
      Kind.INT,
      Kind.STRUCT,
      Kind.PTR,
      Kind.TYPEDEF,
      Kind.VAR,
      Kind.DATASEC,
    ]);
    expect(btf.name(2)).toBe('list');
    expect(btf.vlen(2)).toBe(2);
    expect(btf.sizeOrType(2)).toBe(16);
    expect(btf.string(btf.tail(2, 3))).toBe('n');
    expect(btf.name(3)).toBe('');
  });

  it('is read the same from an address that is not aligned', () => {
    const odd = new Uint8Array(bytes.length + 1);
    odd.set(bytes, 1);
    expect(parseBtf(odd.subarray(1)).name(2)).toBe('list');
  });

  it('is found by name and kind', () => {
    expect(btf.find('list')).toBe(2);
    expect(btf.find('list', Kind.TYPEDEF)).toBeUndefined();
    expect(btf.find('')).toBeUndefined();
    expect(btf.findAll('list_t')).toEqual([4]);
  });

  it('is walked in both directions', () => {
    const targets: number[] = [];
    eachReference(btf, 2, (id) => targets.push(id));
    expect(targets).toEqual([3, 1]);
    const users = referrers(btf);
    expect([...users.of(2)]).toEqual([3, 4]);
    expect([...users.of(6)]).toEqual([]);
    expect([...reachable(btf, [3])]).toEqual([0, 1, 1, 1, 0, 0, 0]);
    expect([...reachable(btf, [3], (id) => id !== 2)]).toEqual([0, 0, 1, 1, 0, 0, 0]);
  });
});

describe('split BTF', () => {
  const base = core().toBtf();
  const build = (): BtfBuilder => {
    const b = new BtfBuilder({ base });
    const pointer = addPointer(b, 4);
    const variable = addVariable(b, 'tail', pointer, 0);
    addVariable(b, 'head', 1, 0);
    addSection(b, '.bss', 8, [{ type: variable, offset: 0, size: 8 }]);
    return b;
  };
  const split = build().toBtf('.BTF.vars');

  it('continues ids and string offsets of its base', () => {
    expect([split.firstId, split.endId]).toEqual([7, 11]);
    expect(split.stringStart).toBe(base.stringEnd);
    expect(split.name(8)).toBe('tail');
    expect(split.name(2)).toBe('list');
    expect(split.kind(0)).toBe(Kind.VOID);
    expect(split.owner(2)).toBe(base);
  });

  it('uses strings of the base and stores others once', () => {
    expect(split.nameOffset(9)).toBe(base.nameOffset(5));
    expect(Buffer.from(split.strings).toString()).toBe('tail\0.bss\0');
  });

  it('has the same bytes each time', () => {
    expect(build().finish()).toEqual(split.bytes);
  });

  it('is searched after its base', () => {
    expect(split.find('head', Kind.VAR)).toBe(5);
    expect(split.findAll('head', Kind.VAR)).toEqual([5, 9]);
  });

  it('can be a base itself', () => {
    const b = new BtfBuilder({ base: split });
    addTypedef(b, 'tail', 7);
    const third = b.toBtf('.BTF.inlines');
    expect([third.level, third.firstId]).toEqual([2, 11]);
    expect(third.strings).toHaveLength(0);
    expect(third.name(11)).toBe('tail');
    expect([...referrers(third).of(7)]).toEqual([8, 11]);
  });

  it('is copied into another BTF with strings and ids mapped', () => {
    const b = new BtfBuilder();
    for (let id = 1; id < split.endId; id++) b.copy(split, id, (target) => target);
    const merged = b.toBtf();
    expect(merged.base).toBeUndefined();
    expect(merged.name(8)).toBe('tail');
    expect(merged.sizeOrType(8)).toBe(7);
    expect(merged.nameOffset(9)).toBe(merged.nameOffset(5));
  });

  it('is refused on a base of the other byte order', () => {
    const other = core('big').toBtf();
    expect(codeOf(() => parseBtf(split.bytes, { base: other }))).toBe('btf-base');
  });

  it('has a limit on levels', () => {
    let top: Btf = base;
    expect(
      codeOf(() => {
        for (let i = 0; i < 20; i++) top = new BtfBuilder({ base: top }).toBtf();
      }),
    ).toBe('btf-limit');
  });
});

describe('additions of newer writers', () => {
  it('a layout section lets unknown kinds be skipped', () => {
    const layouts = [...builtinLayouts(), { infoBytes: 4, elementBytes: 8, flags: 0 }];
    const b = new BtfBuilder({ layouts });
    b.addRaw(b.string('new'), packInfo(23, 2, false), 0, [1, 2, 3, 4, 5]);
    addInt(b, 'int', 4);
    const btf = b.toBtf();
    expect(btf.header.length).toBe(32);
    expect(btf.layouts).toHaveLength(24);
    expect([btf.kind(1), btf.name(2)]).toEqual([23, 'int']);
    const without = new BtfBuilder();
    without.addRaw(0, packInfo(23, 0, false), 0, []);
    expect(codeOf(() => without.toBtf())).toBe('btf-kind');
  });

  it('a longer header is read if its unknown fields are zero', () => {
    const bytes = core().finish();
    const longer = new Uint8Array(bytes.length + 16);
    longer.set(bytes.subarray(0, 24));
    longer.set(bytes.subarray(24), 40);
    expect(parseBtf(word(longer, 4, 40)).name(2)).toBe('list');
    expect(codeOf(() => parseBtf(word(word(longer, 4, 40), 36, 1)))).toBe('btf-header');
  });

  it('more than 65535 members are counted with 24 bits', () => {
    const b = new BtfBuilder();
    const values = Array.from({ length: 70_000 }, (_, i) => [`V${i}`, BigInt(i)] as const);
    addEnum(b, 'many', 4, false, values);
    addInt(b, 'int', 4);
    const btf = b.toBtf();
    expect([btf.vlen(1), btf.name(2)]).toEqual([70_000, 'int']);
  });
});

describe('broken bytes', () => {
  const bytes = core().finish();
  const types = 24;

  it.each([
    ['another magic', Uint8Array.of(1, 2, 3, 4), 'btf-magic'],
    ['no bytes', new Uint8Array(), 'btf-magic'],
    ['another version', word(bytes, 0, 0x0002eb9f), 'btf-header'],
    ['a header beyond the end', word(bytes, 4, 0xffffffff), 'btf-header'],
    ['a short header', word(bytes, 4, 20), 'btf-header'],
    ['types beyond the end', word(bytes, 12, 0xfffffff0), 'btf-header'],
    ['types cut in a word', word(bytes, 12, 26), 'btf-header'],
    ['types cut in a head', word(bytes, 12, 24), 'btf-truncated'],
    ['types cut in a tail', word(bytes, 12, 12), 'btf-truncated'],
    ['no strings', word(bytes, 20, 0), 'btf-string'],
    ['strings without end', word(bytes, 20, 3), 'btf-string'],
    ['strings without the empty one', word(bytes, 16, 0), 'btf-string'],
    ['a name outside', word(bytes, types, 0xffff), 'btf-string'],
    ['a member type outside', word(bytes, types + 16 + 16, 7), 'btf-type-id'],
    ['kind 0', word(bytes, types + 4, 0), 'btf-kind'],
  ])('with %s are refused', (_, broken, code) => {
    expect(codeOf(() => parseBtf(broken))).toBe(code);
  });

  it('say section and offset', () => {
    expect(() => parseBtf(word(bytes, types, 0xffff), { section: '.BTF.vars' })).toThrow(
      /^\.BTF\.vars\+0x18: string offset 65535 of/,
    );
  });

  it('larger than the limit are refused', () => {
    expect(codeOf(() => parseBtf(bytes, { limits: { bytes: 100 } }))).toBe('btf-limit');
  });
});

describe('a chain of modifiers', () => {
  it('resolves to the type with a size, and a cycle to nothing', () => {
    const b = core();
    addQualifier(b, Kind.CONST, 8);
    addTypedef(b, 'x', 4);
    addTypedef(b, 'a', 10);
    addTypedef(b, 'b', 9);
    const btf = b.toBtf();
    expect(btf.resolve(7)).toBe(2);
    expect(btf.resolve(9)).toBeUndefined();
  });
});

describe('the builder', () => {
  it('refuses elements that do not make a type', () => {
    expect(() => new BtfBuilder().add({ kind: Kind.ARRAY }, [1])).toThrow(RangeError);
  });

  it('writes functions with their linkage in place of the vlen', () => {
    const b = core();
    const proto = addFunctionProto(b, 0, [['list', 3]]);
    const id = addFunction(b, 'walk', proto, 1);
    addArray(b, 1, 1, 3);
    const btf = b.toBtf();
    expect([btf.kind(id), btf.vlen(id), btf.sizeOrType(id)]).toEqual([Kind.FUNC, 1, proto]);
  });
});
