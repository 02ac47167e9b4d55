import {
  addArray,
  addComposite,
  addDeclTag,
  addForward,
  addInt,
  addPointer,
  addTypedef,
  addVariable,
  Kind,
  parseBtf,
  type Btf,
} from '@btf-depot/btf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachVariables } from './attach-variables.ts';
import {
  allIds,
  attached,
  globals,
  renumbered,
  smallKernel,
  variableLines,
  type More,
} from '../testing/kernels.ts';

/** Globals of types that core lacks: a table of structs with a union inside. */
const strangers: More = (b, types) => {
  const { '.data': data = [], ...rest } = globals(b, types);
  const value = addComposite(b, Kind.UNION, '', 8, [
    { name: 'number', type: types.int, bitOffset: 0 },
    { name: 'task', type: types.taskPointer, bitOffset: 0 },
  ]);
  const entry = b.nextId + 1;
  const next = addPointer(b, entry);
  addComposite(b, Kind.STRUCT, 'entry', 16, [
    { name: 'value', type: value, bitOffset: 0 },
    { name: 'next', type: next, bitOffset: 64 },
  ]);
  const table = addVariable(b, 'table', addArray(b, entry, types.int, 4), 0);
  return { ...rest, '.data': [...data, { type: table, offset: 80, size: 64 }] };
};

describe.each(['little', 'big'] as const)('%s endian', (endian) => {
  const core = smallKernel({ endian });

  it('refers to the types that core has and repeats none', () => {
    const full = smallKernel({ endian, more: globals });
    const result = attachVariables(core, full);
    expect(result).toMatchObject({
      types: 5,
      variables: 3,
      appended: 0,
      outside: 0,
      sections: [
        { name: '.bss', variables: 1, size: 16 },
        { name: '.data', variables: 2, size: 72 },
      ],
      matched: { full: 11, matched: 11 },
    });
    expect(variableLines(attached(core, full))).toEqual([
      '.bss+8:8 0 struct task *idle',
      '.data+0:56 1 struct task init_task',
      '.data+56:16 0 char version[16]',
    ]);
  });

  it('appends what core lacks, once, before the variables', () => {
    const full = smallKernel({ endian, more: strangers });
    const vars = attached(core, full);
    expect(allOwn(vars).map((id) => vars.kind(id))).toEqual([
      Kind.UNION,
      Kind.PTR,
      Kind.STRUCT,
      Kind.ARRAY,
      Kind.VAR,
      Kind.VAR,
      Kind.VAR,
      Kind.VAR,
      Kind.DATASEC,
      Kind.DATASEC,
    ]);
    expect(variableLines(vars)).toContain('.data+80:64 0 struct entry table[4]');
    expect(attachVariables(core, full)).toMatchObject({ appended: 4, matched: { matched: 11 } });
  });

  it('gives the same bytes for any order of types in full', () => {
    const full = smallKernel({ endian, more: globals });
    const { bytes } = attachVariables(core, full);
    fc.assert(
      fc.property(fc.shuffledSubarray(allIds(full), { minLength: full.typeCount }), (order) => {
        expect(attachVariables(core, renumbered(full, order)).bytes).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same variables for any order of types in core and full', () => {
    const full = smallKernel({ endian, more: strangers });
    const lines = variableLines(attached(core, full));
    const orders = fc.tuple(
      fc.shuffledSubarray(allIds(core), { minLength: core.typeCount }),
      fc.shuffledSubarray(allIds(full), { minLength: full.typeCount }),
    );
    fc.assert(
      fc.property(orders, ([coreOrder, fullOrder]) => {
        const other = renumbered(core, coreOrder);
        const result = attachVariables(other, renumbered(full, fullOrder));
        expect(result.appended).toBe(4);
        expect(variableLines(parseBtf(result.bytes, { base: other }))).toEqual(lines);
      }),
      { numRuns: 200 },
    );
  });
});

function allOwn(btf: Btf): number[] {
  return Array.from({ length: btf.typeCount }, (_, index) => btf.firstId + index);
}

describe('what is the same type', () => {
  const core = smallKernel();

  /** Kinds of the types that are appended for one variable, of the type that `make` adds. */
  function appended(make: (...input: Parameters<More>) => number, base = core): number[] {
    const full = smallKernel({
      more: (b, types) => ({
        '.data': [{ type: addVariable(b, 'it', make(b, types), 0), offset: 0, size: 8 }],
      }),
    });
    const vars = attached(base, full);
    return allOwn(vars)
      .map((id) => vars.kind(id))
      .filter((kind) => kind !== Kind.VAR && kind !== Kind.DATASEC);
  }

  it('is not a struct where core has its forward declaration', () => {
    const pointer = [Kind.STRUCT, Kind.PTR];
    expect(appended((b) => addPointer(b, addComposite(b, Kind.STRUCT, 'module', 8, [])))).toEqual(
      pointer,
    );
  });

  it('is a forward declaration of the same name and kind only', () => {
    expect(appended((b) => addPointer(b, addForward(b, 'module', false)))).toEqual([]);
    expect(appended((b) => addPointer(b, addForward(b, 'module', true)))).toHaveLength(2);
    expect(appended((b) => addPointer(b, addForward(b, 'task', false)))).toHaveLength(2);
  });

  it.each([
    ['another size', 17, 'next', 64],
    ['another member', 16, 'last', 64],
    ['another offset', 16, 'next', 72],
  ])('is not a struct with %s', (_, size, name, bitOffset) => {
    const kinds = appended((b, { listPointer, taskPointer }) =>
      addComposite(b, Kind.STRUCT, 'list', size, [
        { name, type: listPointer, bitOffset: 0 },
        { name: 'owner', type: taskPointer, bitOffset },
      ]),
    );
    expect(kinds).toEqual([Kind.STRUCT]);
  });

  it('is not a struct that differs only in what it leads to', () => {
    // A second `list`: its `next` leads to itself, as core's does, but its `owner` is an int.
    const kinds = appended((b, { int }) => {
      const list = b.nextId + 2;
      const next = addPointer(b, list);
      const owner = addPointer(b, int);
      return addComposite(b, Kind.STRUCT, 'list', 16, [
        { name: 'next', type: next, bitOffset: 0 },
        { name: 'owner', type: owner, bitOffset: 64 },
      ]);
    });
    expect(kinds).toEqual([Kind.PTR, Kind.PTR, Kind.STRUCT]);
  });

  it('is found at the end of a chain of thousands', () => {
    const chain = (end: 'int' | 'char'): ReturnType<typeof smallKernel> =>
      smallKernel({
        more: (b, types) => {
          let type = types[end];
          for (let link = 0; link < 3000; link++) type = addPointer(b, type);
          return { '.data': [{ type: addVariable(b, 'it', type, 0), offset: 0, size: 8 }] };
        },
      });
    const base = chain('int');
    expect(attachVariables(base, chain('int'))).toMatchObject({ variables: 0, appended: 0 });
    const renamed = smallKernel({
      more: (b, types) => {
        let type = types.char;
        for (let link = 0; link < 3000; link++) type = addPointer(b, type);
        return { '.data': [{ type: addVariable(b, 'other', type, 0), offset: 0, size: 8 }] };
      },
    });
    expect(attachVariables(base, renamed)).toMatchObject({ variables: 1, appended: 3000 });
  });

  it('is the one with the smallest id where core has it twice', () => {
    const twice = smallKernel({
      more: (b, { int }) => {
        addPointer(b, addTypedef(b, 'pid_t', int));
        return {};
      },
    });
    const full = smallKernel({
      more: (b, { pid }) => ({
        '.data': [{ type: addVariable(b, 'last_pid', pid, 0), offset: 0, size: 4 }],
      }),
    });
    const vars = attached(twice, full);
    const pids = twice.findAll('pid_t');
    expect(pids).toHaveLength(2);
    expect(vars.sizeOrType(vars.firstId)).toBe(pids[0]);
  });

  it('is appended once where full has it twice', () => {
    const full = smallKernel({
      more: (b) => {
        const types = [1, 2].map(() => addPointer(b, addInt(b, 'u128', 16)));
        return {
          '.data': types.map((type, i) => ({
            type: addVariable(b, `v${i}`, type, 0),
            offset: i * 8,
            size: 8,
          })),
        };
      },
    });
    expect(attachVariables(core, full)).toMatchObject({ appended: 2, variables: 2 });
  });

  it('is the same under another string offset, a shared suffix included', () => {
    // core's string section may store `pid_t` as the end of another string.
    const bytes = smallKernel({
      more: (b, { int }) => {
        addTypedef(b, 'x_pid_t', int);
        return {};
      },
    }).bytes.slice();
    const whole = parseBtf(bytes.slice());
    const [pid = 0] = whole.findAll('pid_t');
    const [long = 0] = whole.findAll('x_pid_t');
    const view = new DataView(bytes.buffer);
    view.setUint32(whole.byteOffset(pid), whole.nameOffset(long) + 2, true);
    const suffixed = parseBtf(bytes);
    expect(suffixed.name(pid)).toBe('pid_t');
    expect(appended((_, types) => types.pid, suffixed)).toEqual([]);
  });
});

describe('variables', () => {
  const core = smallKernel();

  it('that core has per CPU are not repeated, others of that section are added', () => {
    const full = smallKernel({
      more: (b, { int }) => ({
        '.data..percpu': [{ type: addVariable(b, 'cpu_number', int, 1), offset: 0, size: 4 }],
      }),
    });
    expect(variableLines(attached(core, full))).toEqual(['.data..percpu+0:4 1 int cpu_number']);
  });

  it('that are listed twice are one VAR and one entry', () => {
    const full = smallKernel({
      more: (b, { int, pid }) => ({
        '.data': [
          { type: addVariable(b, 'hv_nested', int, 1), offset: 0, size: 4 },
          { type: addVariable(b, 'hv_nested', int, 1), offset: 0, size: 4 },
          { type: addVariable(b, 'hv_nested', pid, 1), offset: 4, size: 4 },
        ],
      }),
    });
    expect(variableLines(attached(core, full))).toEqual([
      '.data+0:4 1 int hv_nested',
      '.data+4:4 1 pid_t hv_nested',
    ]);
  });

  it('that overlap keep the longest in place, the others as VAR', () => {
    const full = smallKernel({
      more: (b, { int, comm, task }) => ({
        '.data': [
          { type: addVariable(b, 'left', int, 0), offset: 0, size: 4 },
          { type: addVariable(b, 'crosses', comm, 0), offset: 2, size: 16 },
          { type: addVariable(b, 'longest', task, 0), offset: 16, size: 56 },
          { type: addVariable(b, 'inside', int, 0), offset: 20, size: 4 },
          { type: addVariable(b, 'right', int, 0), offset: 72, size: 4 },
        ],
      }),
    });
    expect(attachVariables(core, full)).toMatchObject({ variables: 5, outside: 2 });
    expect(variableLines(attached(core, full))).toEqual([
      // `crosses` overlaps `longest` and loses, so `left` keeps its place.
      '.data+0:4 0 int left',
      '.data+16:56 0 struct task longest',
      '.data+72:4 0 int right',
      'nowhere 0 char crosses[16]',
      'nowhere 0 int inside',
    ]);
  });

  it('without a section or a size stay as VAR', () => {
    const full = smallKernel({
      more: (b, { int, task }) => {
        addVariable(b, 'stray', int, 1);
        const none = addVariable(b, 'none', task, 1);
        const some = addVariable(b, 'some', int, 1);
        return {
          '.bss': [
            { type: none, offset: 4, size: 0 },
            { type: some, offset: 4, size: 4 },
          ],
        };
      },
    });
    expect(variableLines(attached(core, full))).toEqual([
      '.bss+4:4 1 int some',
      'nowhere 1 int stray',
      'nowhere 1 struct task none',
    ]);
  });

  it('keep their tags, and so do the types that are appended', () => {
    const full = smallKernel({
      more: (b, { int, task }) => {
        const fresh = addComposite(b, Kind.STRUCT, 'fresh', 4, [
          { name: 'a', type: int, bitOffset: 0 },
        ]);
        const first = addVariable(b, 'fresh', fresh, 1);
        const again = addVariable(b, 'fresh', fresh, 1);
        addDeclTag(b, 'on member', fresh, 0);
        addDeclTag(b, 'on variable', first, -1);
        addDeclTag(b, 'on variable', again, -1);
        addDeclTag(b, 'on a type of core', task, -1);
        return { '.data': [first, again].map((type) => ({ type, offset: 0, size: 4 })) };
      },
    });
    const vars = attached(core, full);
    const tags = allOwn(vars).filter((id) => vars.kind(id) === Kind.DECL_TAG);
    expect(tags.map((id) => [vars.name(id), vars.kind(vars.sizeOrType(id))])).toEqual([
      ['on member', Kind.STRUCT],
      ['on variable', Kind.VAR],
    ]);
  });

  it('are none where full has no more than core', () => {
    const result = attachVariables(core, core);
    expect(result).toMatchObject({ types: 0, variables: 0, sections: [] });
    expect(parseBtf(result.bytes, { base: core }).typeCount).toBe(0);
  });
});
