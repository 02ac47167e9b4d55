import { describe, expect, it } from 'vitest';
import {
  addInt,
  addPointer,
  addSection,
  addTypedef,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  decodeBtf,
  decodeOn,
  encodeBtf,
  packInfo,
  parseBtf,
  VOID,
  type BtfModel,
  type BtfType,
  type CompositeType,
  type IntType,
} from '../index.ts';
import { everyKind, seededBtf } from '../testing/index.ts';

const int: IntType = { kind: 'int', name: 'int', size: 4, encoding: 1, bits: 32, bitOffset: 0 };

describe('decoding and encoding', () => {
  it.each(['little', 'big'] as const)(
    'gives the same bytes for every kind, %s endian',
    (endian) => {
      const bytes = everyKind({ endian }).finish();
      expect(encodeBtf(decodeBtf(parseBtf(bytes)))).toEqual(bytes);
    },
  );

  it.each([1, 2, 3, 4, 5])('gives the same bytes for generated types, seed %d', (seed) => {
    const base = seededBtf(seed);
    expect(encodeBtf(decodeBtf(base))).toEqual(base.bytes);
    const split = seededBtf(seed + 100, base);
    expect(encodeBtf(decodeBtf(split))).toEqual(split.bytes);
  });

  it('keeps long headers, layouts and kinds that are not known', () => {
    const layouts = [...builtinLayouts(), { infoBytes: 4, elementBytes: 0, flags: 0 }];
    const b = new BtfBuilder({ layouts, headerLength: 40 });
    addInt(b, 'int', 4);
    b.addRaw(b.string('new'), packInfo(23, 0, false), 7, [8]);
    const bytes = b.finish();
    expect(encodeBtf(decodeBtf(parseBtf(bytes)))).toEqual(bytes);
  });

  it('shares the objects of a base among the models split from it', () => {
    const core = new BtfBuilder();
    addInt(core, 'int', 4);
    const base = core.toBtf();
    const module = (name: string) => {
      const b = new BtfBuilder({ base });
      addTypedef(b, name, 1);
      return b.toBtf();
    };
    const model = decodeOn(base, undefined);
    const [one, two] = ['a', 'b'].map((name) => decodeOn(module(name), model));
    const target = (of: BtfModel) => (of.types[0] as { type: BtfType }).type;
    expect(target(one)).toBe(target(two));
    expect(encodeBtf(two)).toEqual(module('b').bytes);
  });
});

describe('a model made by hand', () => {
  it('appends what is reached but not listed, cycles included', () => {
    const list: CompositeType = {
      kind: 'struct',
      name: 'list',
      size: 16,
      bitFields: false,
      members: [],
    };
    list.members.push(
      { name: 'next', type: { kind: 'pointer', type: list }, bitOffset: 0, bitSize: 0 },
      { name: 'n', type: int, bitOffset: 64, bitSize: 0 },
    );
    const btf = parseBtf(encodeBtf({ types: [list], endian: 'little' }));
    expect(btf.typeCount).toBe(3);
    expect([btf.name(1), btf.sizeOrType(2), btf.name(3)]).toEqual(['list', 1, 'int']);
  });

  it('refers to void by id 0', () => {
    const btf = parseBtf(encodeBtf({ types: [{ kind: 'pointer', type: VOID }], endian: 'big' }));
    expect([btf.typeCount, btf.sizeOrType(1)]).toEqual([1, 0]);
  });

  it('drops unused strings on request', () => {
    const b = new BtfBuilder();
    b.string('unused');
    addVariable(b, 'v', addPointer(b, addInt(b, 'int', 4)), 1);
    addSection(b, '.bss', 8, [{ type: 3, offset: 0, size: 8 }]);
    const model = decodeBtf(b.toBtf());
    delete model.strings;
    expect(Buffer.from(encodeBtf(model)).includes('unused')).toBe(false);
  });

  it.each([
    ['a count', { kind: 'array', type: int, index: int, count: 2 ** 32 }],
    [
      'an offset beside a width',
      {
        kind: 'struct',
        name: 's',
        size: 4,
        bitFields: true,
        members: [{ name: 'a', type: int, bitOffset: 2 ** 24, bitSize: 1 }],
      },
    ],
  ] as [string, BtfType][])('is refused where %s does not fit', (_, type) => {
    expect(() => encodeBtf({ types: [type], endian: 'little' })).toThrow(
      expect.objectContaining({ code: 'btf-model' }),
    );
  });
});
