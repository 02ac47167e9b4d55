import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addQualifier,
  addTypedef,
  addTypeTag,
  addVariable,
  BtfBuilder,
  Kind,
  printDeclaration,
} from '../index.ts';

const b = new BtfBuilder();
const int = addInt(b, 'int', 4, 1);
const char = addInt(b, 'char', 1, 1);
const file = addComposite(b, Kind.STRUCT, 'file', 4, [{ name: 'fd', type: int, bitOffset: 0 }]);

const constant = (id: number): number => addQualifier(b, Kind.CONST, id);
const variable = (type: number): number => addVariable(b, 'v', type, 1);
const text = (id: number): string => printDeclaration(b.toBtf(), id);

describe('a declaration in C', () => {
  it('of pointers, qualifiers and dimensions', () => {
    const string = addPointer(b, constant(char));
    expect(text(variable(string))).toBe('const char *v');
    expect(text(variable(addPointer(b, string)))).toBe('const char **v');
    expect(text(variable(constant(addArray(b, constant(string), int, 24))))).toBe(
      'const char * const v[24]',
    );
    const grid = addArray(b, addArray(b, char, int, 10), int, 32);
    expect(text(variable(grid))).toBe('char v[32][10]');
    expect(text(variable(addPointer(b, grid)))).toBe('char (*v)[32][10]');
    expect(text(variable(constant(constant(addArray(b, constant(char), int, 15)))))).toBe(
      'const char v[15]',
    );
    expect(text(variable(addPointer(b, 0)))).toBe('void *v');
  });

  it('of functions and pointers to them', () => {
    const proto = addFunctionProto(b, addPointer(b, 0), [
      ['f', addPointer(b, file)],
      ['', int],
      ['', 0],
    ]);
    expect(text(addFunction(b, 'open', proto, 1))).toBe('void *open(struct file *f, int, ...)');
    const pointer = addPointer(b, proto);
    expect(text(variable(addArray(b, constant(pointer), int, 2)))).toBe(
      'void *(* const v[2])(struct file *f, int, ...)',
    );
    expect(text(variable(addPointer(b, addFunctionProto(b, pointer, []))))).toBe(
      'void *(*(*v)(void))(struct file *f, int, ...)',
    );
  });

  it('of anonymous types in place, as type names, and with type tags', () => {
    const anonymous = addComposite(b, Kind.UNION, '', 8, [
      { name: 'a', type: int, bitOffset: 0 },
      { name: 'b', type: addPointer(b, file), bitOffset: 0 },
    ]);
    expect(text(variable(anonymous))).toBe('union {\n\tint a;\n\tstruct file *b;\n} v');
    expect(text(addPointer(b, addTypedef(b, 'file_t', file)))).toBe('file_t *');
    expect(text(variable(addPointer(b, addTypeTag(b, 'user', file))))).toBe(
      'struct file __attribute__((btf_type_tag("user"))) *v',
    );
  });

  it('of bit fields and holes, so that a compiler gets the same offsets', () => {
    const struct = addComposite(b, Kind.STRUCT, '', 16, [
      { name: 'a', type: int, bitOffset: 0, bitSize: 3 },
      { name: 'b', type: int, bitOffset: 5, bitSize: 2 },
      { name: 'c', type: char, bitOffset: 64, bitSize: 0 },
    ]);
    expect(text(variable(struct))).toBe(
      [
        'struct {',
        '\tint a: 3;',
        '\tint : 2;',
        '\tint b: 2;',
        '\tint : 25;',
        '\tint : 32;',
        '\tchar c;',
        '\tint : 24;',
        '\tint : 32;',
        '} v',
      ].join('\n'),
    );
  });
});

describe('hostile types', () => {
  const code = (id: number): string | undefined => {
    try {
      text(id);
    } catch (error) {
      return error instanceof FormatError ? error.code : String(error);
    }
    return undefined;
  };

  it('cannot end the declaration by their names', () => {
    expect(text(addVariable(b, 'x; int main(){}', int, 1))).toBe('int x__int_main____');
    expect(text(addVariable(b, '1while', int, 1))).toBe('int _1while');
    expect(text(variable(addTypedef(b, '*/ #include "x"\n', int)))).toBe('____include__x__ v');
    expect(text(addVariable(b, 'while', int, 1))).toBe('int while_');
    expect(text(addPointer(b, addTypeTag(b, '"))) x \\ é', int)))).toBe(
      'int __attribute__((btf_type_tag("\\042\\051\\051\\051 x \\134 \\351"))) *',
    );
  });

  it('end in an error where they form cycles', () => {
    expect(code(addPointer(b, b.nextId))).toBe('btf-cycle');
    const proto = addFunctionProto(b, 0, [['p', b.nextId]]);
    expect(code(proto)).toBe('btf-depth');
    const self = b.nextId;
    addComposite(b, Kind.STRUCT, '', 8, [{ name: 'me', type: self, bitOffset: 0 }]);
    expect(code(self)).toBe('btf-depth');
  });

  it('cannot double the text without limit', () => {
    let proto = int;
    for (let i = 0; i < 40; i++) {
      proto = addFunctionProto(b, 0, [
        ['a', addPointer(b, proto)],
        ['b', addPointer(b, proto)],
      ]);
    }
    expect(code(proto)).toBe('btf-limit');
  });
});
