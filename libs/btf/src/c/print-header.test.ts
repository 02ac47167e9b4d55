import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addEnum,
  addForward,
  addFunctionProto,
  addInt,
  addPointer,
  addTypedef,
  addVariable,
  BtfBuilder,
  Kind,
  printHeader,
  printVariable,
  type MemberInput,
} from '../index.ts';
import { everyKind, seededBtf } from '../testing/index.ts';

const header = (b: BtfBuilder): string => {
  const text = [...printHeader(b.toBtf())].join('');
  return text.slice(text.indexOf('record)\n#endif\n') + 15, text.lastIndexOf('#ifndef BPF')).trim();
};

const member = (name: string, type: number, bitOffset: number): MemberInput => ({
  name,
  type,
  bitOffset,
});

describe('a header', () => {
  it('defines what is contained first, and declares what is pointed to', () => {
    const b = new BtfBuilder();
    const int = addInt(b, 'int', 4, 1);
    // outer (2) has inner (4) by value and a callback on itself.
    const [outer, inner] = [2, 4];
    addComposite(b, Kind.STRUCT, 'outer', 24, [
      member('inner', inner, 0),
      member('call', 6, 64),
      member('h', 7, 128),
    ]);
    addPointer(b, outer);
    addComposite(b, Kind.STRUCT, 'inner', 4, [member('n', int, 0)]);
    addFunctionProto(b, int, [['', 3]]);
    addPointer(b, 5);
    addTypedef(b, 'handle', 8);
    addPointer(b, addForward(b, 'file', false));
    b.copy(everyKind().toBtf(), 1, () => 0);
    expect(header(b)).toBe(
      [
        'struct inner {\n\tint n;\n};',
        'struct outer;',
        'struct file;',
        'typedef struct file handle;',
        'struct outer {\n\tstruct inner inner;\n\tint (*call)(struct outer *);\n\thandle h;\n\tlong long : 64;\n};',
      ].join('\n\n'),
    );
  });

  it('gives later types of one name a suffix, and enumerators too', () => {
    const b = new BtfBuilder();
    const int = addInt(b, 'int', 4, 1);
    addComposite(b, Kind.STRUCT, 'state', 4, [member('a', int, 0)]);
    addComposite(b, Kind.STRUCT, 'state', 4, [member('b', int, 0)]);
    addForward(b, 'state', false);
    addEnum(b, 'state', 4, false, [['ON', 1n]]);
    addEnum(b, '', 4, false, [['ON', 2n]]);
    addTypedef(b, 'state', int);
    addTypedef(b, 'ON', int);
    expect(header(b)).toBe(
      [
        'struct state {\n\tint a;\n};',
        'struct state___2 {\n\tint b;\n};',
        'enum state___3 {\n\tON = 1,\n};',
        'enum {\n\tON___2 = 2,\n};',
        'typedef int state;',
        'typedef int ON___3;',
      ].join('\n\n'),
    );
  });

  it('packs, aligns and fills if a compiler would choose another layout', () => {
    const b = new BtfBuilder();
    const char = addInt(b, 'char', 1);
    const int = addInt(b, 'int', 4, 1);
    addComposite(b, Kind.STRUCT, 'packed', 5, [member('c', char, 0), member('n', int, 8)]);
    addComposite(b, Kind.STRUCT, 'tail', 12, [member('n', int, 0)]);
    addComposite(b, Kind.UNION, 'line', 64, [member('n', int, 0)]);
    addComposite(b, Kind.STRUCT, 'none', 0, []);
    addEnum(b, 'byte', 1, false, [['B', 1n]]);
    expect(header(b)).toBe(
      [
        'struct packed {\n\tchar c;\n\tint n;\n} __attribute__((packed));',
        'struct tail {\n\tint n;\n\tint : 32;\n\tint : 32;\n};',
        'union line {\n\tint n;\n} __attribute__((aligned(64)));',
        'struct none {};',
        'enum byte {\n\tB = 1,\n} __attribute__((mode(byte)));',
      ].join('\n\n'),
    );
  });

  it('writes out named composites that are unnamed members', () => {
    const b = new BtfBuilder();
    const int = addInt(b, 'int', 4, 1);
    const inner = addComposite(b, Kind.STRUCT, 'inner', 4, [member('n', int, 0)]);
    addComposite(b, Kind.STRUCT, 'outer', 4, [member('', inner, 0)]);
    expect(header(b)).toContain('struct outer {\n\tstruct {\n\t\tint n;\n\t};\n};');
  });

  it('is made of every kind and of generated types', () => {
    expect(header(everyKind())).toContain('struct pair');
    for (let seed = 0; seed < 20; seed++) {
      expect([...printHeader(seededBtf(seed))].join('')).toContain('#endif');
    }
  });
});

describe('one variable', () => {
  it('comes with what it needs', () => {
    const b = new BtfBuilder();
    const int = addInt(b, 'int', 4, 1);
    const item = addComposite(b, Kind.STRUCT, 'item', 4, [member('n', int, 0)]);
    addComposite(b, Kind.STRUCT, 'other', 4, [member('n', int, 0)]);
    const variable = addVariable(b, 'items', addArray(b, item, int, 3), 1);
    expect(printVariable(b.toBtf(), variable)).toBe(
      'struct item {\n\tint n;\n};\n\nextern struct item items[3];\n',
    );
  });
});

describe('hostile types', () => {
  const code = (b: BtfBuilder): string | undefined => {
    try {
      header(b);
    } catch (error) {
      return error instanceof FormatError ? error.code : String(error);
    }
    return undefined;
  };

  it('that contain themselves end in an error', () => {
    const b = new BtfBuilder();
    addComposite(b, Kind.STRUCT, 'me', 8, [member('me', 1, 0)]);
    expect(code(b)).toBe('btf-depth');
  });

  it('that need each other endlessly do too', () => {
    const b = new BtfBuilder();
    for (let i = 0; i < 5000; i++) {
      addTypedef(b, `t${i}`, b.nextId + 1);
      addPointer(b, b.nextId + 1);
    }
    addInt(b, 'int', 4);
    expect(code(b)).toBe('btf-depth');
  });
});
