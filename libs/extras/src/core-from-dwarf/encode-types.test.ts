import { bytesSource, type Source } from '@btf-depot/bytes';
import { Kind, kindName, parseBtf, printDeclaration, verifyBtf, type Btf } from '@btf-depot/btf';
import { At, Form, Language, Tag } from '@btf-depot/dwarf';
import {
  buildDwarf,
  type AttributeInput,
  type EntryInput,
  type UnitInput,
} from '@btf-depot/dwarf/testing';
import { executable, type ExecutableSymbol } from '@btf-depot/elf/testing';
import { SymbolType } from '@btf-depot/elf';
import { describe, expect, it } from 'vitest';
import { encodeTypes } from './encode-types.ts';

const named = (name: string): AttributeInput => [At.NAME, Form.STRP, name];
const bytes = (size: number): AttributeInput => [At.BYTE_SIZE, Form.DATA1, size];
const of = (label: string): AttributeInput => [At.TYPE, Form.REF4, { label }];
const DECLARED: AttributeInput = [At.DECLARATION, Form.FLAG_PRESENT];

const entry = (
  tag: number,
  label: string,
  attributes: readonly AttributeInput[],
  children: readonly EntryInput[] = [],
): EntryInput => ({ tag, label, attributes, children });

const INT = entry(Tag.BASE_TYPE, 'int', [named('int'), bytes(4), [At.ENCODING, Form.DATA1, 5]]);
const CHAR = entry(Tag.BASE_TYPE, 'char', [named('char'), bytes(1), [At.ENCODING, Form.DATA1, 6]]);
const pointer = (to: string): EntryInput => entry(Tag.POINTER_TYPE, `${to}*`, [of(to)]);

const member = (name: string, type: string, at: number): EntryInput => ({
  tag: Tag.MEMBER,
  attributes: [named(name), of(type), [At.DATA_MEMBER_LOCATION, Form.DATA1, at]],
});

const struct = (name: string, size: number, ...members: readonly EntryInput[]): EntryInput =>
  entry(Tag.STRUCTURE_TYPE, name, [named(name), bytes(size)], members);

const declared = (name: string): EntryInput =>
  entry(Tag.STRUCTURE_TYPE, name, [named(name), DECLARED]);

const parameter = (type: string, ...attributes: readonly AttributeInput[]): EntryInput => ({
  tag: Tag.FORMAL_PARAMETER,
  attributes: [of(type), ...attributes],
});

const fn = (name: string, type: string, ...parameters: readonly EntryInput[]): EntryInput =>
  entry(Tag.SUBPROGRAM, name, [named(name), of(type)], parameters);

const unit = (...children: readonly EntryInput[]): UnitInput => ({
  root: { tag: Tag.COMPILE_UNIT, children },
});

const inLanguage = (language: number, ...children: readonly EntryInput[]): UnitInput => ({
  root: {
    tag: Tag.COMPILE_UNIT,
    attributes: [[At.LANGUAGE, Form.DATA2, language]],
    children,
  },
});

function vmlinux(units: readonly UnitInput[], functions: readonly string[] = []): Source {
  const debug = Object.entries(buildDwarf({ units }));
  const text = { name: '.text', address: 0x1000n, bytes: new Uint8Array(64), flags: 6 };
  const symbols = functions.map((name): ExecutableSymbol => ({
    name,
    value: 0x1000n,
    type: SymbolType.FUNC,
  }));
  const sections = [text, ...debug.map(([name, bytes]) => ({ name, bytes, flags: 0 }))];
  return bytesSource(executable({ sections, symbols }));
}

function encode(units: readonly UnitInput[], functions: readonly string[] = []) {
  const { bytes, coverage } = encodeTypes(vmlinux(units, functions));
  expect(verifyBtf(bytes)).toEqual([]);
  const btf = parseBtf(bytes);
  return { btf, coverage, all: list(btf) };
}

function list(btf: Btf): string[] {
  const all: string[] = [];
  for (let id = 1; id < btf.endId; id++) {
    const kind = btf.kind(id);
    if (btf.nameOffset(id) === 0 || kind === Kind.INT) continue;
    if (kind === Kind.FUNC || kind === Kind.STRUCT) all.push(printDeclaration(btf, id));
    else all.push(`${kindName(kind)} ${btf.name(id)}`);
  }
  return all;
}

describe('types that several units have', () => {
  it('are there once, cycles included', () => {
    const node = struct('node', 16, member('next', 'node*', 0), member('n', 'int', 8));
    const one = unit(INT, node, pointer('node'));
    const { btf, coverage } = encode([one, one, one]);
    expect(btf.typeCount).toBe(3);
    expect(coverage).toMatchObject({ units: 3, types: 9, built: 3 });
  });

  it('are one where a unit only declares what another defines', () => {
    const holder = struct('holder', 8, member('inner', 'inner*', 0));
    const { all } = encode([
      unit(INT, holder, pointer('inner'), declared('inner')),
      unit(INT, struct('inner', 4, member('n', 'int', 0)), holder, pointer('inner')),
    ]);
    expect(all.filter((line) => line.startsWith('struct holder'))).toHaveLength(1);
    expect(all.some((line) => line.startsWith('FWD'))).toBe(false);
  });

  it('are told apart where they lead to different types of one name, however far away', () => {
    const far = [
      struct('outer', 8, member('middle', 'middle*', 0)),
      pointer('middle'),
      struct('middle', 8, member('inner', 'inner*', 0)),
      pointer('inner'),
    ];
    const small = unit(INT, CHAR, ...far, struct('inner', 4, member('n', 'int', 0)));
    const large = unit(INT, CHAR, ...far, struct('inner', 1, member('c', 'char', 0)));
    const { btf } = encode([small, large, small, large]);
    for (const name of ['outer', 'middle', 'inner']) expect(btf.findAll(name)).toHaveLength(2);
    const reached = btf.findAll('outer').map((outer) => {
      const middle = btf.sizeOrType(btf.tail(outer, 1));
      return btf.sizeOrType(btf.sizeOrType(btf.tail(middle, 1)));
    });
    expect(new Set(reached)).toEqual(new Set([4, 1]));
  });

  it('are two where one unit has two of a name, as in two functions', () => {
    const inFunction = (name: string, ...types: readonly EntryInput[]): EntryInput =>
      entry(Tag.SUBPROGRAM, name, [named(name)], types);
    const { btf } = encode([
      unit(
        INT,
        inFunction('one', struct('local', 4, member('n', 'int', 0))),
        inFunction('two', { ...struct('local', 8, member('n', 'int', 4)), label: 'other' }),
      ),
    ]);
    expect(btf.findAll('local').map((id) => btf.sizeOrType(id))).toEqual([4, 8]);
  });

  it('stay declarations where nothing defines them; without a name they are void', () => {
    const nameless = entry(Tag.STRUCTURE_TYPE, 'nameless', [DECLARED]);
    const { btf, all } = encode([unit(declared('unknown'), nameless, pointer('nameless'))]);
    expect(all).toEqual(['FWD unknown']);
    expect(btf.sizeOrType(1)).toBe(0);
  });
});

describe('functions', () => {
  it('are those with a symbol, exact or before a dot, and a name for each parameter', () => {
    const { all, coverage } = encode(
      [
        unit(
          INT,
          fn('whole', 'int', parameter('int', named('a'))),
          fn('parted', 'int', parameter('int', named('b'))),
          fn('inlined', 'int'),
          fn('nameless', 'int', parameter('int')),
          entry(Tag.SUBPROGRAM, 'declared', [named('declared'), DECLARED]),
        ),
      ],
      ['whole', 'parted.isra.0', 'nameless', 'declared'],
    );
    expect(all).toEqual(['int whole(int a)', 'int parted(int b)']);
    const functions = { seen: 4, taken: 2, noSymbol: 1, unnamedParameter: 1 };
    expect(coverage.functions).toMatchObject(functions);
  });

  it('are left out where units disagree about their type, and not for a const', () => {
    const constant = entry(Tag.CONST_TYPE, 'const', [of('char')]);
    const { all, coverage } = encode(
      [
        unit(
          INT,
          CHAR,
          constant,
          fn('same', 'int', parameter('char', named('a'))),
          fn('other', 'int'),
        ),
        unit(
          INT,
          CHAR,
          constant,
          fn('same', 'int', parameter('const', named('a'))),
          fn('other', 'char'),
        ),
      ],
      ['same', 'other'],
    );
    expect(all).toEqual(['int same(char a)']);
    expect(coverage.functions).toMatchObject({ inconsistent: 1, taken: 1 });
  });

  it('are left out where a parameter lies in another register than callers put it in', () => {
    const register = (number: number): AttributeInput => [
      At.LOCATION,
      Form.EXPRLOC,
      Uint8Array.of(0x50 + number),
    ];
    const units = [
      unit(
        INT,
        fn('expected', 'int', parameter('int', named('a'), register(5))),
        fn('surprising', 'int', parameter('int', named('a'), register(4))),
      ),
    ];
    const names = ['expected', 'surprising'];
    const { all, coverage } = encode(units, names);
    expect(all).toEqual(['int expected(int a)']);
    expect(coverage.functions.unexpectedRegister).toBe(1);
    const older = encodeTypes(vmlinux(units, names), { rules: '1.24' });
    expect(older.coverage.functions.taken).toBe(2);
  });

  it('have the names and types of their abstract origin', () => {
    const origin = (label: string): AttributeInput => [At.ABSTRACT_ORIGIN, Form.REF4, { label }];
    const { all } = encode(
      [
        unit(
          INT,
          entry(
            Tag.SUBPROGRAM,
            'abstract',
            [named('work'), of('int')],
            [{ tag: Tag.FORMAL_PARAMETER, label: 'a', attributes: [named('a'), of('int')] }],
          ),
          entry(
            Tag.SUBPROGRAM,
            'concrete',
            [origin('abstract')],
            [{ tag: Tag.FORMAL_PARAMETER, attributes: [origin('a')] }],
          ),
        ),
      ],
      ['work'],
    );
    expect(all).toEqual(['int work(int a)']);
  });
});

describe('units', () => {
  it('in Rust and assembly are passed over and counted', () => {
    const { btf, coverage } = encode([
      unit(INT),
      inLanguage(Language.RUST, struct('rust', 4)),
      inLanguage(Language.MIPS_ASSEMBLER, fn('assembled', 'int'), INT),
    ]);
    expect(btf.typeCount).toBe(1);
    expect(coverage.unitsLeftOut).toBe(2);
  });

  it('report a type that contains itself as an error', () => {
    const loop = entry(Tag.TYPEDEF, 'loop', [named('loop'), of('again')]);
    const again = entry(Tag.CONST_TYPE, 'again', [of('loop')]);
    expect(() => encode([unit(loop, again)])).toThrow('a type is made of itself');
  });

  it('report more types than the limit as an error', () => {
    const options = { limits: { types: 2 } };
    expect(() => encodeTypes(vmlinux([unit(INT, CHAR, pointer('int'))]), options)).toThrow(
      'more than 2 types',
    );
  });
});

describe('sizes that BTF lacks', () => {
  it('give an integer of pahole’s name for it, and a complex number one of its size', () => {
    const base = (name: string, size: number, encoding: number): EntryInput =>
      entry(Tag.BASE_TYPE, name, [named(name), bytes(size), [At.ENCODING, Form.DATA1, encoding]]);
    const { bytes: made } = encodeTypes(vmlinux([unit(base('odd', 3, 7), base('complex', 16, 3))]));
    const btf = parseBtf(made);
    expect([btf.name(1), btf.sizeOrType(1)]).toEqual(['__SANITIZED_FAKE_INT__', 4]);
    expect([btf.name(2), btf.sizeOrType(2)]).toEqual(['complex', 16]);
  });
});
