import { bytesSource, FormatError, type Endian, type Source } from '@btf-depot/bytes';
import {
  addComposite,
  addInt,
  addPointer,
  addSection,
  addVariable,
  BtfBuilder,
  Kind,
  parseBtf,
  printDeclaration,
  verifyBtf,
  type Btf,
} from '@btf-depot/btf';
import { At, Form, Language, Tag } from '@btf-depot/dwarf';
import {
  buildDwarf,
  buildImage,
  type AttributeInput,
  type EntryInput,
  type UnitInput,
} from '@btf-depot/dwarf/testing';
import { describe, expect, it } from 'vitest';
import { listVariables } from '../variables/variables.ts';
import { variablesFromDwarf, type VariablesFromDwarfOptions } from './variables-from-dwarf.ts';

const ALLOC = 2;
const DATA = 0xffff_ffff_8100_0000n;

interface Kind32 {
  readonly endian?: Endian;
  readonly class?: 32 | 64;
}

/** A linked kernel with .data, .data..percpu at 0 and a note, and these units. */
function kernel(units: readonly UnitInput[], { endian = 'little', class: bits = 64 }: Kind32 = {}) {
  const data = bits === 64 ? DATA : 0xc000_0000n;
  const image = [
    { name: '.data..percpu', flags: ALLOC, address: 0n, bytes: new Uint8Array(0x100) },
    { name: '.data', flags: ALLOC, address: data, bytes: new Uint8Array(0x1000) },
    { name: '.comment', flags: 0, address: 0n, bytes: new Uint8Array(0x1000) },
  ];
  return bytesSource(buildImage(buildDwarf({ endian, units }), image, { endian, class: bits }));
}

const at = (offset: number, base: bigint = DATA): AttributeInput => {
  const bytes = new Uint8Array(9);
  bytes[0] = 0x03;
  new DataView(bytes.buffer).setBigUint64(1, base + BigInt(offset), true);
  return [At.LOCATION, Form.EXPRLOC, bytes];
};

const base = (name: string, size: number, encoding: number, label = name): EntryInput => ({
  tag: Tag.BASE_TYPE,
  label,
  attributes: [
    [At.NAME, Form.STRP, name],
    [At.BYTE_SIZE, Form.DATA1, size],
    [At.ENCODING, Form.DATA1, encoding],
  ],
});

const typed = (tag: number, label: string, type: string, name?: string): EntryInput => ({
  tag,
  label,
  attributes: [
    ...(name === undefined ? [] : [[At.NAME, Form.STRP, name] as const]),
    [At.TYPE, Form.REF4, { label: type }],
  ],
});

const variable = (name: string, type: string, ...more: AttributeInput[]): EntryInput => ({
  tag: Tag.VARIABLE,
  attributes: [
    [At.NAME, Form.STRP, name],
    [At.TYPE, Form.REF4, { label: type }],
    [At.EXTERNAL, Form.FLAG_PRESENT],
    ...more,
  ],
});

const int = base('int', 4, 5);

const unit = (children: readonly EntryInput[], ...attributes: AttributeInput[]): UnitInput => ({
  root: { tag: Tag.COMPILE_UNIT, attributes, children },
});

/** Core with an int, a structure, and one per-CPU variable. */
function coreOf(endian: Endian = 'little', offset = 8): Btf {
  const b = new BtfBuilder({ endian });
  const number = addInt(b, 'int', 4, 1);
  const task = b.nextId;
  addComposite(b, Kind.STRUCT, 'task', 16, [
    { name: 'pid', type: number, bitOffset: 0 },
    { name: 'parent', type: task + 1, bitOffset: 64 },
  ]);
  addPointer(b, task);
  const current = addVariable(b, 'current_pid', number, 1);
  addSection(b, '.data..percpu', 64, [{ type: current, offset, size: 4 }]);
  return b.toBtf();
}

/** An int whose name is the end of another string. */
function coreWithSharedEnd(): Btf {
  const b = new BtfBuilder({ strings: Buffer.from('\0unsigned int\0') });
  b.add({ kind: Kind.INT, name: 1, sizeOrType: 4 }, [32]);
  b.add({ kind: Kind.INT, name: 'unsigned '.length + 1, sizeOrType: 4 }, [(1 << 24) | 32]);
  return b.toBtf();
}

function run(source: Source, core = coreOf(), options: VariablesFromDwarfOptions = {}) {
  const result = variablesFromDwarf(source, core, options);
  expect(verifyBtf(result.bytes, { base: core })).toEqual([]);
  const btf = parseBtf(result.bytes, { base: core });
  const lines = listVariables(btf).map(({ id, place, linkage }) => {
    const where = place ? `${place.section}+${place.offset}:${place.size}` : 'nowhere';
    return `${where} ${linkage} ${printDeclaration(btf, id)}`;
  });
  return { ...result, lines };
}

function faultOf(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('taken');
}

const task: EntryInput = {
  tag: Tag.STRUCTURE_TYPE,
  label: 'task',
  attributes: [
    [At.NAME, Form.STRP, 'task'],
    [At.BYTE_SIZE, Form.DATA1, 16],
  ],
  children: [
    member('pid', 'int', 0),
    // Not compared in depth: one type of core has its name, size and members.
    member('parent', 'nonsense', 8),
  ],
};

function member(name: string, type: string, offset: number): EntryInput {
  return {
    tag: Tag.MEMBER,
    attributes: [
      [At.NAME, Form.STRP, name],
      [At.TYPE, Form.REF4, { label: type }],
      [At.DATA_MEMBER_LOCATION, Form.DATA1, offset],
    ],
  };
}

const nonsense: EntryInput = { tag: Tag.POINTER_TYPE, label: 'nonsense' };

describe('types', () => {
  it('of core are found by name and shape, or by what they refer to', () => {
    const { lines, appended } = run(
      kernel([
        unit([
          int,
          task,
          nonsense,
          typed(Tag.POINTER_TYPE, 'pointer', 'task'),
          variable('init_task', 'task', at(0)),
          variable('idle', 'pointer', at(16)),
        ]),
      ]),
    );
    expect(appended).toBe(0);
    expect(lines).toEqual(['.data+0:16 1 struct task init_task', '.data+16:8 1 struct task *idle']);
  });

  it('of core are found by a name that core has as the end of another', () => {
    const core = coreWithSharedEnd();
    const source = kernel([unit([int, variable('count', 'int', at(8))])]);
    const { lines, appended } = run(source, core);
    expect(lines).toEqual(['.data+8:4 1 int count']);
    expect(appended).toBe(0);
  });

  it('that core lacks are appended once, whatever the unit, in cycles too', () => {
    const node: EntryInput = {
      tag: Tag.STRUCTURE_TYPE,
      label: 'node',
      attributes: [
        [At.NAME, Form.STRP, 'node'],
        [At.BYTE_SIZE, Form.DATA1, 8],
      ],
      children: [member('next', 'nodePointer', 0)],
    };
    const types = [int, node, typed(Tag.POINTER_TYPE, 'nodePointer', 'node')];
    const { lines, appended } = run(
      kernel([
        unit([...types, variable('first', 'node', at(0))]),
        unit([...types, variable('second', 'nodePointer', at(8))]),
      ]),
    );
    expect(appended).toBe(2);
    expect(lines).toEqual(['.data+0:8 1 struct node first', '.data+8:8 1 struct node *second']);
  });

  it('that are declared are the one definition of their name', () => {
    const declared: EntryInput = {
      tag: Tag.STRUCTURE_TYPE,
      label: 'task',
      attributes: [
        [At.NAME, Form.STRP, 'task'],
        [At.DECLARATION, Form.FLAG_PRESENT],
      ],
    };
    const pointer = typed(Tag.POINTER_TYPE, 'pointer', 'task');
    const { appended, lines } = run(
      kernel([unit([declared, pointer, variable('idle', 'pointer', at(0))])]),
    );
    expect([appended, ...lines]).toEqual([0, '.data+0:8 1 struct task *idle']);
  });

  it('that are declared without a name say nothing: they are void, and what is made is valid', () => {
    const nameless = (tag: number, label: string): EntryInput => ({
      tag,
      label,
      attributes: [[At.DECLARATION, Form.FLAG_PRESENT]],
    });
    const { lines } = run(
      kernel([
        unit([
          nameless(Tag.STRUCTURE_TYPE, 'hidden'),
          nameless(Tag.UNION_TYPE, 'other'),
          typed(Tag.POINTER_TYPE, 'pointer', 'hidden'),
          typed(Tag.POINTER_TYPE, 'pointerToOther', 'other'),
          variable('idle', 'pointer', at(0)),
          variable('busy', 'pointerToOther', at(8)),
          variable('whole', 'hidden', at(16)),
        ]),
      ]),
    );
    expect(lines).toEqual(['.data+0:8 1 void *idle', '.data+8:8 1 void *busy']);
  });

  it('with several dimensions are nested where they are new', () => {
    const dimension = (bound: number): EntryInput => ({
      tag: Tag.SUBRANGE_TYPE,
      attributes: [[At.UPPER_BOUND, Form.DATA1, bound]],
    });
    const array = typed(Tag.ARRAY_TYPE, 'array', 'int');
    const { lines } = run(
      kernel([
        unit([
          int,
          { ...array, children: [dimension(1), dimension(2)] },
          variable('table', 'array', at(0)),
        ]),
      ]),
    );
    expect(lines).toEqual(['.data+0:24 1 int table[2][3]']);
  });

  it('that are made of themselves, or nested beyond reason, are refused by place', () => {
    const loop = typed(Tag.POINTER_TYPE, 'loop', 'loop');
    const fault = faultOf(() => run(kernel([unit([loop, variable('x', 'loop', at(0))])])));
    expect(fault.code).toBe('dwarf-nesting');
    expect(fault.message).toMatch(/^\.debug_info\+0x[0-9a-f]+: in the unit at 0x0: a type is made/);
    const deep = Array.from({ length: 600 }, (_, i) =>
      typed(Tag.POINTER_TYPE, `p${i}`, `p${i + 1}`),
    );
    const last = { tag: Tag.POINTER_TYPE, label: 'p600' };
    const nested = unit([...deep, last, variable('x', 'p0', at(0))]);
    expect(faultOf(() => run(kernel([nested]))).code).toBe('dwarf-nesting');
  });

  it('that lie outside every section, or refer to themselves, are refused or left out', () => {
    const { attributes } = variable('x', 'int', at(0));
    const lost = (attributes ?? []).filter(([attribute]) => attribute !== At.TYPE);
    const type = [At.TYPE, Form.REF_ADDR, 9_999_999] as const;
    const outside: EntryInput = { tag: Tag.VARIABLE, attributes: [...lost, type] };
    const fault = faultOf(() => run(kernel([unit([int, outside])])));
    expect(fault.code).toBe('dwarf-entry');
    expect(fault.message).toMatch(/^\.debug_info\+0x98967f: /);
    const origin = [At.ABSTRACT_ORIGIN, Form.REF4, { label: 'itself' }] as const;
    const itself = { ...outside, label: 'itself', attributes: [...lost, origin] };
    expect(run(kernel([unit([int, itself])])).coverage.leftOut).toMatchObject({ void: 1 });
  });

  it('are not added beyond the limit', () => {
    const types = [
      int,
      typed(Tag.CONST_TYPE, 'const', 'int'),
      typed(Tag.POINTER_TYPE, 'p', 'const'),
    ];
    const source = kernel([unit([...types, variable('x', 'p', at(0))])]);
    expect(run(source, coreOf(), { limits: { types: 2 } }).appended).toBe(2);
    expect(faultOf(() => run(source, coreOf(), { limits: { types: 1 } })).code).toBe('dwarf-limit');
  });
});

describe('variables', () => {
  it('are those in memory: each that is left out counts for its rule', () => {
    const location = (...bytes: number[]): AttributeInput => [
      At.LOCATION,
      Form.EXPRLOC,
      Uint8Array.from(bytes),
    ];
    const { lines, coverage } = run(
      kernel([
        unit([
          int,
          nonsense,
          { ...typed(Tag.STRUCTURE_TYPE, 'empty', 'int'), attributes: [[At.NAME, Form.STRP, 'e']] },
          variable('taken', 'int', at(4)),
          variable('declared', 'int', [At.DECLARATION, Form.FLAG_PRESENT]),
          variable('made', 'int', at(8), [At.ARTIFICIAL, Form.FLAG_PRESENT]),
          variable('gone', 'int'),
          variable('in_register', 'int', location(0x50)),
          variable('as_value', 'int', location(0x08, 1, 0x9f)),
          variable('far', 'int', at(0x1000)),
          variable('discarded', 'int', at(0, 0n)),
          variable('a.b', 'int', at(12)),
          variable('__UNIQUE_ID_author', 'int', at(16)),
          variable('sizeless', 'empty', at(20)),
          { tag: Tag.VARIABLE, attributes: [[At.NAME, Form.STRP, 'typeless'], at(24)] },
        ]),
      ]),
    );
    expect(lines).toEqual(['.data+4:4 1 int taken']);
    expect(coverage).toMatchObject({ units: 1, seen: 12, taken: 1 });
    expect(coverage.leftOut).toEqual({
      declaration: 1,
      artificial: 1,
      storage: 3,
      section: 2,
      name: 1,
      prefix: 1,
      void: 1,
      shrunk: 0,
      size: 1,
    });
  });

  it('take from their declaration what the definition does not repeat', () => {
    const declaration = {
      ...variable('jiffies_64', 'int', [At.DECLARATION, Form.FLAG_PRESENT]),
      label: 'declaration',
    };
    const definition: EntryInput = {
      tag: Tag.VARIABLE,
      attributes: [[At.SPECIFICATION, Form.REF4, { label: 'declaration' }], at(0)],
    };
    expect(run(kernel([unit([int, declaration, definition])])).lines).toEqual([
      '.data+0:4 1 int jiffies_64',
    ]);
  });

  it('that two units define at one address are one; what core has is not repeated', () => {
    const children = [
      int,
      variable('twice', 'int', at(0)),
      variable('current_pid', 'int', at(8, 0n)),
    ];
    const { lines, coverage } = run(kernel([unit(children), unit(children)]));
    expect(lines).toEqual(['.data+0:4 1 int twice']);
    expect(coverage).toMatchObject({ taken: 4, inCore: 2 });
  });

  it('of Rust stay out', () => {
    const rust = unit([int, variable('x', 'int', at(0))], [At.LANGUAGE, Form.DATA2, Language.RUST]);
    const { lines, coverage } = run(kernel([rust, unit([int, variable('y', 'int', at(0))])]));
    expect(lines).toEqual(['.data+0:4 1 int y']);
    expect(coverage).toMatchObject({ units: 2, unitsLeftOut: 1, seen: 1 });
  });

  it('are read of 32-bit and big-endian kernels', () => {
    const expression = (endian: Endian): Uint8Array =>
      endian === 'big' ? Uint8Array.of(3, 0xc0, 0, 0, 4) : Uint8Array.of(3, 4, 0, 0, 0xc0);
    for (const endian of ['little', 'big'] as const) {
      const pointer = typed(Tag.POINTER_TYPE, 'pointer', 'int');
      const x = variable('x', 'pointer', [At.LOCATION, Form.EXPRLOC, expression(endian)]);
      const units = [{ ...unit([int, pointer, x]), addressSize: 4 as const, version: 4 }];
      expect(run(kernel(units, { endian, class: 32 }), coreOf(endian)).lines).toEqual([
        '.data+4:4 1 int *x',
      ]);
    }
  });
});

describe('a kernel', () => {
  const source = kernel([
    unit([int, variable('current_pid', 'int', at(8, 0n)), variable('x', 'int', at(0))]),
    unit([int]),
  ]);

  it('of another build than core is refused', () => {
    const fault = faultOf(() => run(source, coreOf('little', 12)));
    expect(fault.code).toBe('foreign-core');
    expect(fault.message).toContain("'current_pid' is at offset 12 of .data..percpu there");
  });

  it('of another byte order than core is refused', () => {
    expect(faultOf(() => run(source, coreOf('big'))).code).toBe('btf-base');
  });

  it('reports progress, and ends if the report throws', () => {
    const steps: string[] = [];
    run(source, coreOf(), { onUnit: (done, total) => steps.push(`${done}/${total}`) });
    expect(steps).toEqual(['1/2', '2/2']);
    const stop = new Error('cancelled');
    const onUnit = (): void => {
      throw stop;
    };
    expect(() => run(source, coreOf(), { onUnit })).toThrow(stop);
  });

  it('without debug information says so', () => {
    const bare = bytesSource(buildImage({ '.debug_str': Uint8Array.of(0) }));
    expect(faultOf(() => run(bare)).code).toBe('dwarf-none');
  });
});
