import {
  addInt,
  addSection,
  addVariable,
  BtfBuilder,
  IntEncoding,
  Kind,
  sizeOf,
  type Btf,
  type SectionEntry,
} from '@btf-depot/btf';
import type { Kallsyms } from '@btf-depot/extras';

/** Variables of every kernel here, by core's type for each. */
const VARIABLES = [
  ['init_task', Kind.STRUCT, 'task_struct'],
  ['init_mm', Kind.STRUCT, 'mm_struct'],
  ['init_net', Kind.STRUCT, 'net'],
  ['init_user_ns', Kind.STRUCT, 'user_namespace'],
  ['init_pid_ns', Kind.STRUCT, 'pid_namespace'],
  ['jiffies_64', Kind.TYPEDEF, 'u64'],
  ['contig_page_data', Kind.STRUCT, 'pglist_data'],
  ['modules', Kind.STRUCT, 'list_head'],
  ['platform_bus', Kind.STRUCT, 'device'],
  ['root_task_group', Kind.STRUCT, 'task_group'],
] as const;

/**
 * BTF of a kernel with some global variables, for a kernel without debug information in the cache:
 * its core, and variables of its kallsyms with core's types.
 */
export function smallFull(core: Btf, { names, addresses }: Kallsyms): Uint8Array {
  const builder = new BtfBuilder({ endian: core.endian });
  for (let id = core.firstId; id < core.endId; id++) builder.copy(core, id, (same) => same);
  const placed = VARIABLES.flatMap(([name, kind, typeName]) => {
    const at = names.indexOf(name);
    const type = core.find(typeName, kind);
    const size = type === undefined ? undefined : sizeOf(core, type);
    if (at === -1 || type === undefined || size === undefined) return [];
    return [{ name, type, size, address: addresses[at] }];
  }).sort((a, b) => (a.address < b.address ? -1 : 1));
  const [first] = placed;
  const entries = placed.map(({ name, type, size, address }): SectionEntry => {
    const offset = Number(address - first.address);
    return { type: addVariable(builder, name, type, 1), offset, size };
  });
  const last = entries[entries.length - 1];
  addSection(builder, '.data', last.offset + last.size, entries);
  return builder.finish();
}

/** BTF of a few types, for a kernel that has none and registers none. */
export function smallCore(): Uint8Array {
  const builder = new BtfBuilder();
  addInt(builder, 'int', 4, IntEncoding.SIGNED);
  return builder.finish();
}
