import { describe, expect, it } from 'vitest';
import {
  addComposite,
  addEnum,
  addForward,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addTypedef,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  distillBtf,
  dumpRaw,
  Kind,
  parseBtf,
  relocateBtf,
  unrelocated,
  type Btf,
} from '../../index.ts';

interface Shape {
  /** Types before the interesting ones, so that ids differ. */
  before?: number;
  sock?: number;
  more?: (builder: BtfBuilder, int: number) => void;
}

/** A kernel's types: int, struct sock, enum state, a typedef, a pointer, an anonymous struct. */
function kernel({ before = 0, sock = 8, more }: Shape = {}): Btf {
  const builder = new BtfBuilder();
  for (let n = 0; n < before; n++) addForward(builder, `other${n}`, false);
  const int = addInt(builder, 'int', 4, 1);
  const struct = addComposite(builder, Kind.STRUCT, 'sock', sock, [
    { name: 'id', type: int, bitOffset: 0 },
  ]);
  addEnum(builder, 'state', 4, false, [['OFF', 0n]]);
  addTypedef(builder, 'sock_t', struct);
  addPointer(builder, struct);
  addComposite(builder, Kind.UNION, '', 4, [{ name: 'word', type: int, bitOffset: 0 }]);
  more?.(builder, int);
  return builder.toBtf();
}

/** A module whose struct contains a sock, or points to one. */
function module(base: Btf, holds: 'value' | 'pointer' = 'value'): Btf {
  const builder = new BtfBuilder({ base });
  const sock = base.find('sock_t') ?? 0;
  const type = holds === 'value' ? sock : addPointer(builder, sock);
  addComposite(builder, Kind.STRUCT, 'holder', 32, [
    { name: 'sock', type, bitOffset: 0 },
    { name: 'state', type: base.find('state') ?? 0, bitOffset: 64 },
    { name: 'any', type: base.endId - 1, bitOffset: 96 },
  ]);
  return builder.toBtf();
}

function distilled(split: Btf): Btf {
  const made = distillBtf(split);
  return parseBtf(made.split, { base: parseBtf(made.base) });
}

const text = (btf: Btf) => Buffer.from(dumpRaw(btf)).toString();

describe('a distilled base', () => {
  it('has named types without members, and the split BTF the rest', () => {
    const { base, ...split } = distilled(module(kernel()));
    expect(base && text(base)).toBe(
      [
        "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
        "[2] STRUCT 'sock' size=8 vlen=0",
        "[3] ENUM 'state' encoding=UNSIGNED size=4 vlen=0",
        '',
      ].join('\n'),
    );
    // holder, the typedef, the anonymous union.
    expect(split.positions).toHaveLength(3);
  });

  it('relocates to another build, in which the same types have other ids', () => {
    const split = distilled(module(kernel()));
    const other = kernel({ before: 7 });
    const moved = parseBtf(relocateBtf(split, other), { base: other });
    const holder = moved.find('holder') ?? 0;
    const sock = moved.resolve(moved.tail(holder, 1)) ?? 0;
    expect([moved.name(sock), sock < other.endId]).toEqual(['sock', true]);
    expect(moved.string(moved.tail(holder, 0))).toBe('sock');
  });

  it('keeps a layout section', () => {
    const made = distillBtf(module(kernel()));
    const base = parseBtf(made.base);
    const builder = new BtfBuilder({ base, layouts: builtinLayouts() });
    addForward(builder, 'later', false);
    const moved = relocateBtf(builder.toBtf(), kernel());
    expect(parseBtf(moved, { base: kernel() }).layouts).toHaveLength(builtinLayouts().length);
  });

  it('counts the size of what is held, and not of what is pointed to', () => {
    const grown = kernel({ sock: 16 });
    expect(unrelocated(distilled(module(kernel(), 'pointer')), grown)).toEqual([]);
    expect(unrelocated(distilled(module(kernel())), grown)).toEqual([
      { why: 'missing', id: 2, kind: 'STRUCT', name: 'sock', size: 8 },
    ]);
  });

  it('lists everything that does not relocate, and refuses with all of it', () => {
    const split = distilled(module(kernel()));
    const other = new BtfBuilder();
    addInt(other, 'int', 8, 1);
    const bare = other.toBtf();
    expect(unrelocated(split, bare).map(({ name }) => name)).toEqual(['int', 'sock', 'state']);
    const message = /\[1\] INT int: .*4 bytes\n\[2\] STRUCT sock: .*\n\[3\] ENUM state: /;
    expect(() => relocateBtf(split, bare)).toThrow(message);
    expect(() => relocateBtf(split, bare)).toThrow(
      expect.objectContaining({ code: 'btf-relocate' }),
    );
  });

  it('is ambiguous if two types of the kernel have its name and size', () => {
    const twice = kernel({ more: (b) => addComposite(b, Kind.STRUCT, 'sock', 8, []) });
    expect(unrelocated(distilled(module(kernel())), twice)).toMatchObject([
      { why: 'ambiguous', name: 'sock', candidates: [2, 7] },
    ]);
    const sizes = kernel({ more: (b) => addComposite(b, Kind.STRUCT, 'sock', 12, []) });
    expect(unrelocated(distilled(module(kernel())), sizes)).toEqual([]);
  });
});

describe('what cannot be relocated or distilled is refused:', () => {
  const split = module(kernel());
  const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

  it('BTF that is not split', () => {
    expect(() => relocateBtf(kernel(), kernel())).toThrow(code('btf-base'));
    expect(() => distillBtf(kernel())).toThrow(code('btf-base'));
  });

  it('a base that is split itself, on either side', () => {
    const onSplit = new BtfBuilder({ base: split }).toBtf();
    expect(() => distillBtf(onSplit)).toThrow(code('btf-base'));
    expect(() => relocateBtf(onSplit, kernel())).toThrow(code('btf-base'));
    expect(() => relocateBtf(distilled(split), split)).toThrow(code('btf-base'));
  });

  it('another byte order', () => {
    const big = new BtfBuilder({ endian: 'big' }).toBtf();
    expect(() => relocateBtf(distilled(split), big)).toThrow(code('btf-base'));
  });

  it('a whole base beside the BTF in place of a distilled one', () => {
    expect(unrelocated(split, kernel()).map(({ why, id }) => [why, id])).toEqual([
      ['not-distilled', 4],
      ['not-distilled', 5],
      ['not-distilled', 6],
    ]);
  });

  it('a name in the strings of the distilled base that is no type there', () => {
    const made = distillBtf(split);
    const strings = new BtfBuilder();
    addInt(strings, 'int', 4, 1);
    strings.string('stray');
    const base = strings.toBtf();
    const builder = new BtfBuilder({ base });
    addForward(builder, 'stray', false);
    expect(made.base.length).toBeGreaterThan(0);
    expect(() => relocateBtf(builder.toBtf(), kernel())).toThrow(
      /name "stray" at 5: no type has it/,
    );
  });

  it('a reference to a function or a variable of the base', () => {
    const base = kernel({
      more: (b, int) => {
        addFunction(b, 'run', addFunctionProto(b, int, []), 1);
        addVariable(b, 'count', int, 1);
      },
    });
    for (const name of ['run', 'count']) {
      const builder = new BtfBuilder({ base });
      builder.add({ kind: Kind.DECL_TAG, sizeOrType: base.find(name) ?? 0 }, [0xffffffff]);
      expect(() => distillBtf(builder.toBtf())).toThrow(code('btf-distill'));
    }
  });
});
