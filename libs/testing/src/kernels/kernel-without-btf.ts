import { At, Form, Tag } from '@btf-depot/dwarf';
import {
  addressExpression,
  buildDwarf,
  type AttributeInput,
  type EntryInput,
} from '@btf-depot/dwarf/testing';
import { SectionType, SymbolType } from '@btf-depot/elf';
import { executable, type ExecutableSection } from '@btf-depot/elf/testing';
import { buildIdNote } from './kernel-files.ts';

const TEXT = 0xffff_ffff_8100_0000n;
const DATA = 0xffff_ffff_8200_0000n;
const PER_CPU = 0x1_0000n;

/** The variables of `kernelWithoutBtf`, without the per-CPU one. */
export const DWARF_GLOBALS = ['first_pair', 'limit'];

/**
 * A made-up vmlinux with DWARF and without BTF: `struct pair`, which only a variable needs, `struct
 * task`, of which each CPU has a pointer, and `int run(struct task *task)`.
 * @param more sections, such as a `.BTF` without bytes.
 */
export function kernelWithoutBtf(
  buildId: string,
  more: readonly ExecutableSection[] = [],
): Uint8Array {
  const units = [{ root: { tag: Tag.COMPILE_UNIT, children: ENTRIES } }];
  const debug = Object.entries(buildDwarf({ units }));
  return executable({
    sections: [
      { name: '.text', address: TEXT, bytes: new Uint8Array(64) },
      { name: '.data', address: DATA, bytes: new Uint8Array(64) },
      { name: '.data..percpu', address: PER_CPU, bytes: new Uint8Array(16) },
      { name: '.notes', type: SectionType.NOTE, bytes: buildIdNote(buildId, 'little') },
      ...more,
      ...debug.map(([name, bytes]) => ({ name, flags: 0, bytes })),
    ],
    symbols: [
      { name: 'run', value: TEXT, size: 16, type: SymbolType.FUNC, section: '.text' },
      { name: 'first_pair', value: DATA, size: 8, section: '.data' },
      { name: 'limit', value: DATA + 8n, size: 4, section: '.data' },
      { name: 'current', value: PER_CPU, size: 8, section: '.data..percpu' },
      { name: '__per_cpu_start', value: PER_CPU, section: '.data..percpu' },
    ],
  });
}

const named = (name: string): AttributeInput => [At.NAME, Form.STRP, name];
const bytes = (size: number): AttributeInput => [At.BYTE_SIZE, Form.DATA1, size];
const of = (label: string): AttributeInput => [At.TYPE, Form.REF4, { label }];

function member(name: string, at: number): EntryInput {
  const attributes: AttributeInput[] = [
    named(name),
    of('int'),
    [At.DATA_MEMBER_LOCATION, Form.DATA1, at],
  ];
  return { tag: Tag.MEMBER, attributes };
}

function struct(name: string, ...members: readonly string[]): EntryInput {
  const attributes = [named(name), bytes(4 * members.length)];
  const children = members.map((one, index) => member(one, 4 * index));
  return { tag: Tag.STRUCTURE_TYPE, label: name, attributes, children };
}

function variable(name: string, type: string, address: bigint): EntryInput {
  const location: AttributeInput = [At.LOCATION, Form.EXPRLOC, addressExpression(address)];
  const external: AttributeInput = [At.EXTERNAL, Form.FLAG_PRESENT];
  return { tag: Tag.VARIABLE, attributes: [named(name), of(type), external, location] };
}

const ENTRIES: readonly EntryInput[] = [
  {
    tag: Tag.BASE_TYPE,
    label: 'int',
    attributes: [named('int'), bytes(4), [At.ENCODING, Form.DATA1, 5]],
  },
  struct('pair', 'one', 'two'),
  struct('task', 'pid'),
  { tag: Tag.POINTER_TYPE, label: 'task*', attributes: [of('task')] },
  {
    tag: Tag.SUBPROGRAM,
    attributes: [named('run'), of('int')],
    children: [{ tag: Tag.FORMAL_PARAMETER, attributes: [named('task'), of('task*')] }],
  },
  variable('first_pair', 'pair', DATA),
  variable('limit', 'int', DATA + 8n),
  variable('current', 'task*', PER_CPU),
];
