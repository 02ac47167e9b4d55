import { FormatError } from '@btf-depot/bytes';
import {
  addComposite,
  addDeclTag,
  addPointer,
  addTypedef,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  Kind,
  parseBtf,
  verifyBtf,
  type Btf,
} from '@btf-depot/btf';
import { expect, describe, it } from 'vitest';
import { partition } from './partition.ts';
import { allIds, renumbered, smallKernel, variableLines, type More } from '../testing/kernels.ts';

/** Core and variables, accepted by the verifier. */
function parts(full: Btf): { core: Btf; vars: Btf } {
  const result = partition(full);
  if (result.origin !== 'partition') throw new Error('nothing was taken out');
  const { core } = result;
  expect(verifyBtf(core.bytes)).toEqual([]);
  expect(verifyBtf(result.vars.bytes, { base: core })).toEqual([]);
  return { core, vars: parseBtf(result.vars.bytes, { base: core }) };
}

/** Own types that are neither VAR nor DATASEC, as `kind name`. */
function typeNames(btf: Btf): string[] {
  return Array.from({ length: btf.typeCount }, (_, index) => btf.firstId + index)
    .filter((id) => btf.kind(id) !== Kind.VAR && btf.kind(id) !== Kind.DATASEC)
    .map((id) => `${btf.kind(id)} ${btf.name(id)}`);
}

/** A global of a type of its own, one of a shared type, and a type that nothing refers to. */
const more: More = (b, { int, taskPointer, task }) => {
  const secret = addComposite(b, Kind.STRUCT, 'secret', 8, [
    { name: 'task', type: taskPointer, bitOffset: 0 },
  ]);
  addTypedef(b, 'unused_t', int);
  const own = addVariable(b, 'own', addPointer(b, secret), 0);
  const shared = addVariable(b, 'shared', task, 1);
  addDeclTag(b, 'on own', own, -1);
  addDeclTag(b, 'on secret', secret, 0);
  addDeclTag(b, 'on task', task, 1);
  return {
    '.data': [
      { type: own, offset: 0, size: 8 },
      { type: shared, offset: 8, size: 56 },
    ],
  };
};

describe.each(['little', 'big'] as const)('partition, %s endian', (endian) => {
  const full = smallKernel({ endian, more });
  const { core, vars } = parts(full);

  it('takes out the variables and the types that only they reach, with their tags', () => {
    expect(typeNames(vars)).toEqual([
      `${Kind.STRUCT} secret`,
      `${Kind.PTR} `,
      `${Kind.DECL_TAG} on secret`,
      `${Kind.DECL_TAG} on own`,
    ]);
    expect(variableLines(vars)).toEqual([
      '.data+0:8 0 struct secret *own',
      '.data+8:56 1 struct task shared',
    ]);
  });

  it('keeps all else in its order: what nothing reaches, and per-CPU variables', () => {
    const taken = new Set([`${Kind.STRUCT} secret`, 'on secret', 'on own']);
    const expected = typeNames(full).filter(
      (line) => !taken.has(line) && !taken.has(line.replace(/^\d+ /, '')),
    );
    // The pointer to `secret` has no name: it is the last of the three pointers.
    expected.splice(expected.lastIndexOf(`${Kind.PTR} `), 1);
    expect(typeNames(core)).toEqual(expected);
    expect(expected).toContain(`${Kind.TYPEDEF} unused_t`);
    expect(expected).toContain(`${Kind.DECL_TAG} on task`);
    expect(variableLines(core)).toEqual(['.data..percpu+64:8 1 struct task *current_task']);
  });

  it('loses no variable and no type', () => {
    expect([...variableLines(core), ...variableLines(vars)].sort()).toEqual(variableLines(full));
    // One DATASEC for each section; no VAR or type is duplicated.
    expect(core.typeCount + vars.typeCount).toBe(full.typeCount);
  });

  it('is the same for the types in reverse', () => {
    const reverse = parts(renumbered(full, allIds(full).reverse()));
    expect(variableLines(reverse.vars)).toEqual(variableLines(vars));
    expect(typeNames(reverse.vars).sort()).toEqual(typeNames(vars).sort());
  });
});

describe('partition', () => {
  it('gives back the input where there is nothing to take out', () => {
    const full = smallKernel();
    const result = partition(full);
    expect(result.origin).toBe('verbatim');
    expect(result.core.bytes).toBe(full.bytes);
  });

  it('lists a per-CPU variable once', () => {
    const full = smallKernel({
      more: (b, { int }) => ({
        '.data..percpu': [0, 1].map(() => {
          return { type: addVariable(b, 'twice', int, 1), offset: 128, size: 4 };
        }),
        '.bss': [{ type: addVariable(b, 'global', int, 1), offset: 0, size: 4 }],
      }),
    });
    expect(variableLines(parts(full).core)).toEqual([
      '.data..percpu+128:4 1 int twice',
      '.data..percpu+64:8 1 struct task *current_task',
    ]);
  });

  it('keeps a layout section', () => {
    const full = smallKernel({ more });
    const b = new BtfBuilder({ layouts: builtinLayouts(Kind.ENUM64) });
    for (const id of allIds(full)) b.copy(full, id, (same) => same);
    expect(parts(b.toBtf()).core.layouts).toEqual(builtinLayouts(Kind.ENUM64));
  });

  it('refuses kinds that it cannot renumber, and split BTF', () => {
    const b = new BtfBuilder({
      layouts: [...builtinLayouts(), { infoBytes: 4, elementBytes: 0, flags: 0 }],
    });
    const unknown = b.addRaw(0, 23 << 24, 0, [1]);
    addVariable(b, 'it', unknown, 0);
    expect(() => partition(b.toBtf())).toThrow(expect.objectContaining({ code: 'btf-kind' }));
    const { vars } = parts(smallKernel({ more }));
    expect(() => partition(vars)).toThrow(FormatError);
  });
});
