import { FormatError } from '@btf-depot/bytes';
import {
  addSection,
  addVariable,
  BtfBuilder,
  Kind,
  kindName,
  LAST_KIND,
  type Btf,
} from '@btf-depot/btf';
import { arrange, type Arrangement } from './arrange.ts';
import type { Variable } from './variables.ts';

/** The input for split BTF with variables. */
export interface VariablesInput {
  /** The base of the result. */
  readonly base: Btf;
  /** The source of variables and types. */
  readonly source: Btf;
  readonly variables: readonly Variable[];
  /** Ids in `source` of the types that the base lacks, in the order of their new ids. */
  readonly types: readonly number[];
  /** The new id of a type of `source`: one of the base, or its index after the base. */
  readonly newId: (id: number) => number;
}

/** Split BTF with variables, and its counts. */
export interface VariablesBtf {
  readonly bytes: Uint8Array;
  /** All own types, VARs and DATASECs included. */
  readonly types: number;
  readonly variables: number;
  /** Types that the base lacked, with their tags. */
  readonly appended: number;
  /** By name; size in bytes up to the end of the last variable. */
  readonly sections: readonly { name: string; variables: number; size: number }[];
  /** Variables in no section: listed nowhere, without size, or displaced by longer ones. */
  readonly outside: number;
}

/**
 * Writes variables as split BTF. Order: types; VARs by the id of their type, then by place (similar
 * neighbours compress well); DATASECs last. Any subset of the variables can then be put first by
 * moving only VARs. DECL_TAGs follow their targets. The same variables over the same base give the
 * same bytes. Throws FormatError `btf-kind` for a type of an unknown kind, and errors of `arrange`.
 */
export function variablesBtf(input: VariablesInput): VariablesBtf {
  const { base, source, variables, types, newId } = input;
  const builder = new BtfBuilder({ base });
  for (const id of types) {
    if (source.kind(id) > LAST_KIND) {
      const message = `a type of ${kindName(source.kind(id))} cannot be moved`;
      const where = { section: source.section, offset: source.byteOffset(id) };
      throw new FormatError('btf-kind', message, where);
    }
    builder.copy(source, id, newId);
  }
  const tags = declTags(source);
  const copied = new Map(types.map((id) => [id, [newId(id)]]));
  copyTags(builder, source, tags, copied);
  const appended = builder.nextId - builder.firstId;

  const arrangement = arrange(variables.map((one) => ({ ...one, type: newId(one.type) })));
  const newVars = addVariables(builder, arrangement);
  if (tags.length > 0) copyTags(builder, source, tags, idsBySource(newVars, arrangement));
  for (const { name, size, variables: placed } of arrangement.sections) {
    const entries = placed.map((variable) => ({
      type: newVars.get(variable) ?? 0,
      offset: variable.place.offset,
      size: variable.place.size,
    }));
    addSection(builder, name, size, entries);
  }
  return {
    bytes: builder.finish(),
    types: builder.nextId - builder.firstId,
    variables: newVars.size,
    appended,
    sections: arrangement.sections.map(({ name, size, variables: placed }) => ({
      name,
      variables: placed.length,
      size,
    })),
    outside: arrangement.outside.length,
  };
}

/** Adds a VAR for each variable. */
function addVariables(builder: BtfBuilder, arrangement: Arrangement): Map<Variable, number> {
  const placed = arrangement.sections.flatMap<Variable>(({ variables }) => variables);
  // The sort is stable: within one type, sections by name and variables by offset.
  const all = placed.concat(arrangement.outside).sort((a, b) => a.type - b.type);
  return new Map(
    all.map((one) => [one, addVariable(builder, one.name, one.type, one.linkage)] as const),
  );
}

/** New ids of each VAR of the source; a VAR in several entries has several. */
function idsBySource(
  newVars: ReadonlyMap<Variable, number>,
  { sameAs }: Arrangement,
): Map<number, number[]> {
  const ids = new Map<number, number[]>();
  for (const [{ id }, newId] of newVars) {
    const known = ids.get(id);
    if (known) known.push(newId);
    else ids.set(id, [newId]);
  }
  for (const [id, kept] of sameAs) {
    if (!ids.has(id)) ids.set(id, ids.get(kept) ?? []);
  }
  return ids;
}

function declTags(source: Btf): number[] {
  const tags: number[] = [];
  for (let id = source.firstId; id < source.endId; id++) {
    if (source.kind(id) === Kind.DECL_TAG) tags.push(id);
  }
  return tags;
}

/** Copies the tags whose targets were copied (once or several times); repeated tags become one. */
function copyTags(
  builder: BtfBuilder,
  source: Btf,
  tags: readonly number[],
  copies: ReadonlyMap<number, readonly number[]>,
): void {
  const known = new Set<string>();
  for (const id of tags) {
    for (const target of copies.get(source.sizeOrType(id)) ?? []) {
      const key = `${target} ${source.tail(id, 0)} ${source.name(id)}`;
      if (known.has(key)) continue;
      known.add(key);
      builder.copy(source, id, () => target);
    }
  }
}
