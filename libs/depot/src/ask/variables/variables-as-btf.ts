import {
  addForward,
  addSection,
  BtfBuilder,
  checkMade,
  isModifier,
  Kind,
  type Btf,
} from '@btf-depot/btf';
import { refusing } from '../../input-errors.ts';
import type { Steps } from '../answer-room.ts';
import type { VariableRow, VariableTable } from './variable-table.ts';

/** How a type was reached: behind a pointer its name is enough; by value it must be complete. */
const POINTED = 1;
const COMPLETE = 2;

/** Types of one step. */
const STEP = 1024;

/**
 * Standalone BTF of some variables and the types that they need: contained types are complete,
 * named structs and unions behind pointers are only declared (FWD), as in the C text. Types keep
 * their order; then come the variables, and a DATASEC for each section.
 */
export function* variablesAsBtf(
  { btf }: VariableTable,
  rows: readonly VariableRow[],
): Steps<Uint8Array> {
  const reached = yield* reach(
    btf,
    rows.map((row) => btf.sizeOrType(row.id)),
  );
  const order = [...reached.keys()].sort((a, b) => a - b);
  const builder = new BtfBuilder({ endian: btf.endian });
  const ids = new Map(order.map((id, index) => [id, builder.nextId + index]));
  const mapId = (id: number) => (id === 0 ? 0 : (ids.get(id) ?? 0));
  for (const id of order) {
    const kind = btf.kind(id);
    if (isNamedComposite(btf, id) && reached.get(id) === POINTED) {
      addForward(builder, btf.name(id), kind === Kind.UNION);
    } else {
      builder.copy(btf, id, mapId);
    }
    if (builder.nextId % STEP === 0) yield;
  }
  const sections = new Map<string, { type: number; offset: number; size: number }[]>();
  for (const row of rows) {
    const type = builder.copy(btf, row.id, mapId);
    const { section, offset = 0, size = 0 } = row;
    if (section === undefined) continue;
    const entries = sections.get(section) ?? [];
    sections.set(section, entries);
    entries.push({ type, offset, size });
  }
  for (const [section, entries] of sections) {
    const last = entries[entries.length - 1];
    addSection(builder, section, last.offset + last.size, entries);
  }
  return refusing('variables', () => checkMade('some of them', builder.finish()));
}

/** The types that the roots need, by id: `COMPLETE`, or only `POINTED` at. */
function* reach(btf: Btf, roots: readonly number[]): Steps<Map<number, number>> {
  const reached = new Map<number, number>();
  const stack = roots.map((id): [id: number, how: number] => [id, COMPLETE]);
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [id, how] = next;
    const before = reached.get(id) ?? 0;
    if (id === 0 || (before & how) !== 0) continue;
    reached.set(id, before | how);
    if (reached.size % STEP === 0) yield;
    const kind = btf.kind(id);
    if (kind === Kind.PTR) stack.push([btf.sizeOrType(id), POINTED]);
    else if (isModifier(kind)) stack.push([btf.sizeOrType(id), how]);
    else if (kind === Kind.ARRAY) {
      // An array has a size, so its elements are complete wherever it stands.
      stack.push([btf.tail(id, 0), COMPLETE], [btf.tail(id, 1), COMPLETE]);
    } else if (kind === Kind.FUNC_PROTO) {
      stack.push([btf.sizeOrType(id), POINTED]);
      for (let i = 0; i < btf.vlen(id); i++) stack.push([btf.tail(id, i * 2 + 1), POINTED]);
    } else if (kind === Kind.STRUCT || kind === Kind.UNION) {
      if (how === POINTED && isNamedComposite(btf, id)) continue;
      for (let i = 0; i < btf.vlen(id); i++) stack.push([btf.tail(id, i * 3 + 1), COMPLETE]);
    }
  }
  return reached;
}

function isNamedComposite(btf: Btf, id: number): boolean {
  const kind = btf.kind(id);
  return (kind === Kind.STRUCT || kind === Kind.UNION) && btf.nameOffset(id) !== 0;
}
