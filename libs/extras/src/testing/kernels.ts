import {
  addArray,
  addComposite,
  addForward,
  addFunction,
  addFunctionProto,
  addInt,
  addPointer,
  addSection,
  addTypedef,
  addVariable,
  BtfBuilder,
  formatFault,
  Kind,
  parseBtf,
  printDeclaration,
  verifyBtf,
  type Btf,
  type SectionEntry,
} from '@btf-depot/btf';
import { FormatError, type Endian } from '@btf-depot/bytes';
import { attachVariables } from '../variables/attach-variables.ts';
import { listVariables } from '../variables/variables.ts';

/** Adds to a BTF before its DATASECs; returns entries by section. */
export type More = (b: BtfBuilder, types: KernelTypes) => Record<string, SectionEntry[]>;

/** Ids of the types that every made-up kernel has. */
type KernelTypes = ReturnType<typeof addKernelTypes>;

interface KernelOptions {
  readonly endian?: Endian;
  readonly more?: More;
}

/**
 * BTF of a small kernel with one per-CPU variable: two structs that refer to each other, and the
 * types that they need.
 */
export function smallKernel({ endian = 'little', more }: KernelOptions = {}): Btf {
  const b = new BtfBuilder({ endian });
  const types = addKernelTypes(b);
  const current = addVariable(b, 'current_task', types.taskPointer, 1);
  const { '.data..percpu': perCpu = [], ...sections } = more?.(b, types) ?? {};
  addPlaced(b, '.data..percpu', [{ type: current, offset: 64, size: 8 }, ...perCpu]);
  for (const [name, entries] of Object.entries(sections)) addPlaced(b, name, entries);
  return b.toBtf();
}

function addKernelTypes(b: BtfBuilder) {
  const int = addInt(b, 'int', 4, 1);
  const char = addInt(b, 'char', 1);
  const comm = addArray(b, char, int, 16);
  const module = addForward(b, 'module', false);
  const modulePointer = addPointer(b, module);
  // task and its pointer, list and its pointer: each id is used before its type exists.
  const task = b.nextId;
  const [taskPointer, list, listPointer] = [task + 1, task + 2, task + 3];
  addComposite(b, Kind.STRUCT, 'task', 56, [
    { name: 'pid', type: int, bitOffset: 0 },
    { name: 'parent', type: taskPointer, bitOffset: 64 },
    { name: 'list', type: list, bitOffset: 128 },
    { name: 'comm', type: comm, bitOffset: 256 },
    { name: 'owner', type: modulePointer, bitOffset: 384 },
  ]);
  addPointer(b, task);
  addComposite(b, Kind.STRUCT, 'list', 16, [
    { name: 'next', type: listPointer, bitOffset: 0 },
    { name: 'owner', type: taskPointer, bitOffset: 64 },
  ]);
  addPointer(b, list);
  const pid = addTypedef(b, 'pid_t', int);
  const proto = addFunctionProto(b, 0, [['task', taskPointer]]);
  addFunction(b, 'wake_up', proto, 1);
  return { int, char, comm, module, modulePointer, task, taskPointer, list, listPointer, pid };
}

function addPlaced(b: BtfBuilder, name: string, entries: readonly SectionEntry[]): void {
  const size = Math.max(...entries.map(({ offset, size: bytes }) => offset + bytes));
  addSection(b, name, size, entries);
}

/** The same types in another order: `order` has each id once. */
export function renumbered(btf: Btf, order: readonly number[]): Btf {
  const newIds = new Map([[0, 0], ...order.map((id, index) => [id, index + 1] as const)]);
  const b = new BtfBuilder({ endian: btf.endian });
  for (const id of order) b.copy(btf, id, (old) => newIds.get(old) ?? 0);
  return b.toBtf();
}

/** All ids of a standalone BTF but void's. */
export function allIds(btf: Btf): number[] {
  return Array.from({ length: btf.typeCount }, (_, index) => index + 1);
}

/** One line a variable: place, linkage, and its declaration in C. */
export function variableLines(btf: Btf): string[] {
  return listVariables(btf)
    .map(({ id, linkage, place }) => {
      const where = place ? `${place.section}+${place.offset}:${place.size}` : 'nowhere';
      return `${where} ${linkage} ${printDeclaration(btf, id)}`;
    })
    .sort();
}

/** The result as BTF, accepted by the verifier. */
export function attached(core: Btf, full: Btf): Btf {
  const { bytes } = attachVariables(core, full);
  const [fault] = verifyBtf(bytes, { base: core });
  if (fault) throw new Error(formatFault(fault));
  return parseBtf(bytes, { base: core });
}

export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

/** Globals of types that core has. */
export const globals: More = (b, { task, taskPointer, comm }) => ({
  '.data': [
    { type: addVariable(b, 'init_task', task, 1), offset: 0, size: 56 },
    { type: addVariable(b, 'version', comm, 0), offset: 56, size: 16 },
  ],
  '.bss': [{ type: addVariable(b, 'idle', taskPointer, 0), offset: 8, size: 8 }],
});
