import { addSection, BtfBuilder, Kind, type Btf } from '@btf-depot/btf';
import { arrange, type PlacedVariable } from './arrange.ts';
import { PER_CPU_SECTION, type Variable } from './variables.ts';

/**
 * Encodes the types of `full` that stay as standalone BTF, in their order, with its whole layout
 * section (Linux 7.1). A per-CPU variable that is listed twice is written once. `newIds` maps old
 * ids to new ones, 0 for none.
 */
export function encodeCore(
  full: Btf,
  stays: Uint8Array,
  perCpu: readonly Variable[],
): { bytes: Uint8Array; newIds: Uint32Array } {
  const { sections, sameAs } = arrange(perCpu);
  const listed = sections.flatMap(({ variables }) => variables);
  const again = doubles(listed, sameAs);
  const order = keptIds(full, stays, again, listed.length > 0);

  const newIds = new Uint32Array(full.endId);
  order.forEach((id, index) => (newIds[id] = index + 1));
  for (const [id, kept] of again) newIds[id] = newIds[kept];

  const { endian, layouts } = full;
  const builder = new BtfBuilder({ endian, layouts: layouts.length > 0 ? layouts : undefined });
  for (const id of order) {
    if (isPerCpuSection(full, id)) addPerCpuSection(builder, full.sizeOrType(id), listed, newIds);
    else builder.copy(full, id, (old) => newIds[old]);
  }
  return { bytes: builder.finish(), newIds };
}

/** VARs that are listed only under another VAR, by the id of that one. */
function doubles(
  listed: readonly PlacedVariable[],
  sameAs: ReadonlyMap<number, number>,
): Map<number, number> {
  const kept = new Set(listed.map(({ id }) => id));
  return new Map([...sameAs].filter(([id]) => !kept.has(id)));
}

function keptIds(
  full: Btf,
  stays: Uint8Array,
  again: ReadonlyMap<number, number>,
  hasPerCpu: boolean,
): number[] {
  const ids: number[] = [];
  let sections = 0;
  for (let id = 1; id < full.endId; id++) {
    if (stays[id] === 0 || again.has(id)) continue;
    // One section of a name is enough; kernels refuse one without variables.
    if (isPerCpuSection(full, id) && (!hasPerCpu || sections++ > 0)) continue;
    ids.push(id);
  }
  return ids;
}

function isPerCpuSection(full: Btf, id: number): boolean {
  return full.kind(id) === Kind.DATASEC && full.name(id) === PER_CPU_SECTION;
}

function addPerCpuSection(
  builder: BtfBuilder,
  size: number,
  variables: readonly PlacedVariable[],
  newIds: Uint32Array,
): void {
  const entries = variables.map(({ id, place }) => ({
    type: newIds[id],
    offset: place.offset,
    size: place.size,
  }));
  const last = entries.at(-1);
  const end = last ? last.offset + last.size : 0;
  addSection(builder, PER_CPU_SECTION, Math.max(size, end), entries);
}
