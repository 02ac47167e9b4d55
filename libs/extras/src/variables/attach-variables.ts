import { FormatError } from '@btf-depot/bytes';
import { reachable, type Btf } from '@btf-depot/btf';
import { equalTypes } from '../same-types/equal-types.ts';
import { checkSameKernel } from '../same-types/same-kernel.ts';
import { isDeclaration, typeGraph } from '../same-types/type-graph.ts';
import { variablesBtf, type VariablesBtf } from './variables-btf.ts';
import { listVariables, type Variable } from './variables.ts';

export interface AttachedVariables extends VariablesBtf {
  /**
   * Number of types of full (without functions, variables and tags), and how many of them core has
   * too.
   */
  readonly matched: { readonly full: number; readonly matched: number };
}

export interface AttachOptions {
  /** Which of full's variables are attached; by default all. */
  readonly takes?: (variable: Variable) => boolean;
}

/**
 * Attaches the variables of a full BTF (pahole's `--btf_features=global_var`) to a kernel's core,
 * as split BTF on exactly core's bytes. Variables that core has already (section, name and offset)
 * are not repeated. A type becomes a reference to core's type, the one with the smallest id, if it
 * and all that it refers to are the same there. Other types are appended once each. Both must be
 * standalone BTF of one byte order.
 *
 * Throws FormatError `foreign-full` if full is of another kernel (see `checkSameKernel`),
 * `btf-base` for split BTF or another byte order, `datasec-entry`, `datasec-range`, `btf-kind`,
 * `types-too-deep`.
 */
export function attachVariables(
  core: Btf,
  full: Btf,
  { takes = () => true }: AttachOptions = {},
): AttachedVariables {
  checkStandalone(core, full);
  const graph = typeGraph(core, full);
  const { representatives, local } = equalTypes(graph);
  const fullVariables = listVariables(full);
  const coreVariables = listVariables(core);
  checkSameKernel({ core, graph, local, coreVariables, fullVariables });

  const variables = variablesNotIn(coreVariables, fullVariables).filter(takes);
  // Node numbers of the first BTF are its ids.
  const representative = (id: number): number =>
    id === 0 ? 0 : representatives[id + graph.secondStart - 1];
  const isNew = (id: number): boolean => representative(id) >= graph.secondStart;
  const types = missingTypes(full, variables, isNew, (id) => {
    return representative(id) - graph.secondStart + 1;
  });
  const newIds = new Map(types.map((id, index) => [id, core.endId + index]));
  const newId = (id: number): number => {
    const node = representative(id);
    return node < graph.secondStart ? node : (newIds.get(node - graph.secondStart + 1) ?? 0);
  };
  return {
    ...variablesBtf({ base: core, source: full, variables, types, newId }),
    matched: countMatched(full, isNew),
  };
}

function checkStandalone(core: Btf, full: Btf): void {
  if (core.base ?? full.base) {
    throw new FormatError('btf-base', 'core and full must be standalone BTF');
  }
  if (core.endian !== full.endian) {
    const message = `full is ${full.endian} endian, core ${core.endian} endian`;
    throw new FormatError('btf-base', message);
  }
}

/** The variables that are not among `others`: a section has a name at an offset only once. */
export function variablesNotIn(
  others: readonly Variable[],
  variables: readonly Variable[],
): Variable[] {
  const key = ({ name, place }: Variable): string =>
    place ? `${place.section}\0${place.offset}\0${name}` : `\0${name}`;
  const known = new Set(others.map(key));
  const sections = new Set(others.map(({ place }) => place?.section));
  // Keys are made only for sections that occur in both: most variables are in none of them.
  return variables.filter((one) => !sections.has(one.place?.section) || !known.has(key(one)));
}

/**
 * Ids of full, ascending: each type that variables reach and core lacks; of equal types the
 * smallest id.
 */
function missingTypes(
  full: Btf,
  variables: readonly Variable[],
  isNew: (id: number) => boolean,
  smallest: (id: number) => number,
): number[] {
  const roots = variables.map(({ type }) => type).filter(isNew);
  if (roots.length === 0) return [];
  const reached = reachable(full, roots, isNew);
  const types = new Set<number>();
  for (let id = 1; id < full.endId; id++) {
    if (reached[id] === 1 && isNew(id)) types.add(smallest(id));
  }
  return [...types].sort((a, b) => a - b);
}

function countMatched(full: Btf, isNew: (id: number) => boolean) {
  let types = 0;
  let matched = 0;
  for (let id = 1; id < full.endId; id++) {
    if (isDeclaration(full.kind(id))) continue;
    types++;
    if (!isNew(id)) matched++;
  }
  return { full: types, matched };
}
