import { describe, expect, it } from 'vitest';
import {
  addArray,
  addComposite,
  addDeclTag,
  addEnum,
  addFloat,
  addForward,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addQualifier,
  addSection,
  addTypedef,
  addTypeTag,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  formatFault,
  Kind,
  packInfo,
  parseKernelVersion,
  verifyBtf,
  type VerifyOptions,
} from '../index.ts';

type Build = (b: BtfBuilder, int: number) => void;

/** Rule and type of the first fault of BTF with an int and the additions of `build`. */
function first(build: Build, options: VerifyOptions = {}): string | undefined {
  const b = new BtfBuilder();
  build(b, addInt(b, 'int', 4, 1));
  const [fault] = verifyBtf(b.finish(), options);
  return fault && `${fault.rule}: ${fault.message}`;
}

const kernel = (release: string): VerifyOptions => ({ kernel: parseKernelVersion(release) });
const load: VerifyOptions = { checks: 'load' };

function sound(b: BtfBuilder, int: number): void {
  const list = b.nextId;
  addComposite(b, Kind.STRUCT, 'list', 24, [
    { name: 'next', type: list + 1, bitOffset: 0 },
    { name: 'flags', type: int, bitOffset: 64, bitSize: 3 },
    { name: 'values', type: list + 2, bitOffset: 96, bitSize: 0 },
  ]);
  addPointer(b, list);
  addArray(b, int, int, 3);
  addEnum(b, 'big', 8, false, [['HUGE', 1n << 40n]]);
  const proto = addFunctionProto(b, 0, [['list', list + 1]]);
  addFunction(b, 'walk.isra.0', proto, 0);
  addTypedef(b, 'list_t', list);
  addForward(b, 'file', false);
  const variable = addVariable(b, 'head', addQualifier(b, Kind.CONST, list), 1);
  addSection(b, '.data..percpu', 24, [{ type: variable, offset: 0, size: 24 }]);
  addDeclTag(b, 'bpf_kfunc', proto + 1, -1);
  addDeclTag(b, 'part', list, 2);
  addPointer(b, addTypeTag(b, 'user', int));
  addFloat(b, 'double', 8);
}

describe('sound BTF', () => {
  it('has no faults, loaded or the kernel’s own', () => {
    expect(first(sound)).toBeUndefined();
    expect(first(sound, load)).toBeUndefined();
    expect(first(sound, { ...load, ...kernel('6.1.0-44-amd64') })).toBeUndefined();
  });
});

describe('an older kernel refuses', () => {
  it.each([
    ['5.12', (b) => addFloat(b, 'double', 8)],
    ['5.15', (b, int) => addDeclTag(b, 'x', addTypedef(b, 't', int), -1)],
    ['5.16', (b, int) => addTypeTag(b, 'user', int)],
    ['5.19', (b) => addEnum(b, 'e', 8, false, [['A', 1n]])],
    ['7.2', (b) => b.add({ kind: Kind.LOC_PROTO })],
  ] as [string, Build][])('%s kinds that it does not know', (release, build) => {
    expect(first(build, kernel(release))).toMatch(/^kind: Linux .* does not know/);
  });

  it('signed enums before 6.0, attributes before 6.15', () => {
    const signed: Build = (b) => addEnum(b, 'e', 4, true, [['A', -1n]]);
    expect(first(signed, kernel('5.19'))).toBe('kflag: Invalid btf_info kind_flag');
    expect(first(signed, kernel('6.0'))).toBeUndefined();
    const attribute: Build = (b, int) =>
      b.add({ kind: Kind.TYPE_TAG, name: b.string('a'), kflag: true, sizeOrType: int });
    expect(first(attribute, kernel('6.14'))).toBe('kflag: Invalid btf_info kind_flag');
    expect(first(attribute, kernel('6.15'))).toBeUndefined();
  });

  it('more than 65535 elements before 7.2', () => {
    const many: Build = (b) => {
      const values = Array.from({ length: 65_536 }, (_, i) => [`V${i}`, 0n] as const);
      addEnum(b, 'many', 4, false, values);
    };
    expect(first(many, kernel('7.1'))).toMatch(/^vlen: Invalid btf_info/);
    expect(first(many, kernel('7.2'))).toBeUndefined();
  });

  it('a layout section before 7.1', () => {
    const b = new BtfBuilder({ layouts: builtinLayouts() });
    addInt(b, 'int', 4);
    expect(verifyBtf(b.finish(), kernel('7.0'))[0].rule).toBe('header');
    expect(verifyBtf(b.finish(), kernel('7.1'))).toEqual([]);
  });

  it('section names that are printable but no identifiers before 6.12', () => {
    const named: Build = (b, int) => {
      const entry = { type: addVariable(b, 'v', int, 0), offset: 0, size: 4 };
      addSection(b, '.data-x', 4, [entry]);
    };
    expect(first(named, kernel('6.11'))).toBe('name: Invalid name');
    expect(first(named, kernel('6.12'))).toBeUndefined();
  });
});

describe('each type by itself', () => {
  const entry = (type: number, offset: number, size: number) => ({ type, offset, size });
  const variables = (b: BtfBuilder, int: number): [number, number] => [
    addVariable(b, 'a', int, 0),
    addVariable(b, 'b', int, 0),
  ];

  it.each([
    ['name: Invalid name', (b, int) => addVariable(b, 'a b', int, 0)],
    ['name: Invalid name', (b, int) => addTypedef(b, '', int)],
    [
      'name: Invalid name',
      (b, int) => b.add({ kind: Kind.PTR, name: b.string('p'), sizeOrType: int }),
    ],
    ['name: Invalid name of value 0', (b) => addEnum(b, 'e', 4, false, [['', 1n]])],
    ['name: Invalid name', (b) => addForward(b, '', true)],
    ['name: Invalid name', (b, int) => addTypedef(b, 'x'.repeat(513), int)],
    ['linkage: Linkage not supported', (b, int) => addVariable(b, 'v', int, 2)],
    ['linkage: Invalid func linkage', (b) => addFunction(b, 'f', addFunctionProto(b, 0, []), 2)],
    ['type-id: Invalid type_id', (b) => addVariable(b, 'v', 0, 0)],
    ['type-id: Invalid elem', (b, int) => addArray(b, 0, int, 1)],
    ['type-id: Invalid type_id 99 of 3', (b) => addPointer(b, 99)],
    [
      'int: nr_bits exceeds type_size',
      (b) => b.add({ kind: Kind.INT, name: 1, sizeOrType: 1 }, [32]),
    ],
    ['int: Unsupported encoding', (b) => addInt(b, 'x', 4, 3)],
    ['size: Unexpected size', (b) => addEnum(b, 'e', 3, false, [['A', 0n]])],
    ['size: Invalid type_size', (b) => addFloat(b, 'f', 3)],
    ['vlen: vlen != 0', (b, int) => b.addRaw(0, packInfo(Kind.PTR, 1, false), int, [])],
    [
      'component: Invalid component_idx',
      (b, int) => addDeclTag(b, 'x', addTypedef(b, 't', int), -2),
    ],
    [
      'member: Invalid member bits_offset',
      (b, int) =>
        addComposite(b, Kind.STRUCT, 's', 8, [
          { name: 'a', type: int, bitOffset: 32 },
          { name: 'b', type: int, bitOffset: 0 },
        ]),
    ],
    [
      'member: Member bits_offset exceeds its struct size',
      (b, int) => addComposite(b, Kind.STRUCT, 's', 4, [{ name: 'a', type: int, bitOffset: 64 }]),
    ],
    ['size: size == 0', (b) => addSection(b, '.bss', 0, [])],
    [
      'size: Invalid size',
      (b, int) => addSection(b, '.bss', 4, [entry(variables(b, int)[0], 0, 0)]),
    ],
    [
      'size: Invalid offset+size',
      (b, int) => addSection(b, '.bss', 4, [entry(variables(b, int)[0], 2, 4)]),
    ],
    [
      'overlap: Invalid offset',
      (b, int) => addSection(b, '.bss', 4, [entry(variables(b, int)[0], 4, 4)]),
    ],
    [
      'overlap: Invalid offset: overlaps or is not in order',
      (b, int) => {
        const [one, two] = variables(b, int);
        addSection(b, '.bss', 8, [entry(one, 0, 4), entry(two, 2, 4)]);
      },
    ],
  ] as [string, Build][])('breaks the rule %s', (message, build) => {
    expect(first(build)).toBe(message);
  });
});

describe('chains of modifiers', () => {
  it('must not be cycles or longer than 32', () => {
    expect(first((b) => addQualifier(b, Kind.CONST, b.nextId))).toMatch(/^cycle: Max chain/);
    const chain: Build = (b, int) => {
      // Each refers to the next, so that none ends at a checked one.
      for (let i = 0; i < 33; i++) addQualifier(b, Kind.CONST, i === 32 ? int : b.nextId + 1);
    };
    expect(first(chain)).toMatch(/^cycle: Max chain/);
  });

  it('must have type tags first', () => {
    const wrong: Build = (b, int) => addQualifier(b, Kind.CONST, addTypeTag(b, 'user', int));
    expect(first(wrong)).toMatch(/^type-tag/);
    const right: Build = (b, int) => addTypeTag(b, 'user', addQualifier(b, Kind.CONST, int));
    expect(first(right)).toBeUndefined();
  });
});

describe('how types fit together', () => {
  it.each([
    [
      'cycle: Loop detected',
      (b) => addComposite(b, Kind.STRUCT, 's', 4, [{ name: 'me', type: b.nextId, bitOffset: 0 }]),
    ],
    ['cycle: Loop detected', (b) => addPointer(b, b.nextId)],
    [
      'depth: Exceeded max resolving depth:32',
      (b, int) => {
        for (let i = 0; i < 40; i++) addPointer(b, i === 39 ? int : b.nextId + 1);
      },
    ],
    ['array: Invalid index', (b, int) => addArray(b, int, addPointer(b, int), 2)],
    ['array: Invalid elem', (b, int) => addArray(b, addForward(b, 'f', false), int, 2)],
    ['array: Array size overflows U32_MAX', (b, int) => addArray(b, int, int, 0x40000000)],
    [
      'member: Member exceeds struct_size',
      (b, int) => addComposite(b, Kind.STRUCT, 's', 4, [{ name: 'a', type: int, bitOffset: 8 }]),
    ],
    ['type-id: Invalid type_id', (b) => addVariable(b, 'v', addForward(b, 'f', false), 0)],
    [
      'section: Not a VAR kind member',
      (b, int) => addSection(b, '.bss', 4, [{ type: int, offset: 0, size: 4 }]),
    ],
    [
      'section: Invalid size',
      (b, int) => {
        const type = addVariable(b, 'v', int, 0);
        addSection(b, '.bss', 4, [{ type, offset: 0, size: 2 }]);
      },
    ],
    [
      'parameter: Invalid arg#1',
      (b, int) => addFunction(b, 'f', addFunctionProto(b, 0, [['', int]]), 0),
    ],
    ['parameter: Invalid arg#1', (b) => addFunctionProto(b, 0, [['a', 0]])],
    ['parameter: Invalid return type', (b) => addFunctionProto(b, addForward(b, 'f', false), [])],
    [
      'component: Invalid component_idx',
      (b, int) => addDeclTag(b, 'x', addVariable(b, 'v', int, 0), 0),
    ],
    ['type-id: Invalid type_id', (b, int) => addDeclTag(b, 'x', int, -1)],
  ] as [string, Build][])('breaks %s', (message, build) => {
    expect(first(build)).not.toBe(message);
    expect(first(build, load)).toBe(message);
  });
});

describe('a report', () => {
  it('has the first fault with id, kind, name and offset, or all of them', () => {
    const b = new BtfBuilder();
    const int = addInt(b, 'int', 4);
    addVariable(b, 'head', int, 7);
    addVariable(b, 'a b', int, 0);
    const bytes = b.finish();
    expect(verifyBtf(bytes)).toEqual([
      {
        rule: 'linkage',
        message: 'Linkage not supported',
        id: 2,
        kind: 'VAR',
        name: 'head',
        offset: 52,
      },
    ]);
    const all = verifyBtf(bytes, { faults: Infinity });
    expect(all.map((fault) => formatFault(fault))).toEqual([
      '[2] VAR head: Linkage not supported (.BTF+0x34)',
      '[3] VAR a b: Invalid name (.BTF+0x38)',
    ]);
  });

  it('names what the reader refused', () => {
    expect(verifyBtf(Uint8Array.of(1, 2, 3))[0].rule).toBe('btf-magic');
    expect(verifyBtf(new BtfBuilder().finish())[0].message).toBe('No type found');
  });
});
