import { Kind, kindName, type Btf } from '@btf-depot/btf';
import { equalTypes } from '../same-types/equal-types.ts';
import { typeGraph } from '../same-types/type-graph.ts';

/** The differences between two encoders' BTF of one kernel. */
export interface EncoderDifferences {
  /** Types that are the same with all that they reach, cycles included. */
  readonly same: number;
  /** Types that only one encoder wrote, by kind and name. */
  readonly onlyFirst: readonly string[];
  readonly onlySecond: readonly string[];
  /** Functions of one name with the same prototype. */
  readonly sameFunctions: number;
  readonly otherFunctions: readonly string[];
  readonly functionsOfFirst: readonly string[];
  readonly functionsOfSecond: readonly string[];
}

/**
 * Compares types as whole graphs, and functions by name and prototype. Ids and variables do not
 * matter.
 */
export function compareEncoders(first: Btf, second: Btf): EncoderDifferences {
  const graph = typeGraph(first, second);
  const { representatives } = equalTypes(graph);
  const nodeOf = (id: number): number => (id === 0 ? 0 : id + graph.secondStart - 1);
  const ofFirst = new Set<number>();
  const ofSecond = new Set<number>();
  for (const node of graph.types) {
    (node < graph.secondStart ? ofFirst : ofSecond).add(representatives[node]);
  }
  const said = (btf: Btf, id: number): string => `${kindName(btf.kind(id))} ${btf.name(id)}`;
  const onlyFirst: string[] = [];
  const onlySecond: string[] = [];
  let same = 0;
  for (const node of ofFirst) {
    if (ofSecond.has(node)) same++;
    else onlyFirst.push(said(first, node));
  }
  for (const node of ofSecond) {
    if (!ofFirst.has(node)) onlySecond.push(said(second, node - graph.secondStart + 1));
  }
  const [functions, others] = [functionsOf(first), functionsOf(second)];
  const otherFunctions: string[] = [];
  let sameFunctions = 0;
  for (const [name, prototype] of functions) {
    const other = others.get(name);
    if (other === undefined) continue;
    if (representatives[prototype] === representatives[nodeOf(other)]) sameFunctions++;
    else otherFunctions.push(name);
  }
  return {
    same,
    onlyFirst,
    onlySecond,
    sameFunctions,
    otherFunctions,
    functionsOfFirst: [...functions.keys()].filter((name) => !others.has(name)),
    functionsOfSecond: [...others.keys()].filter((name) => !functions.has(name)),
  };
}

function functionsOf(btf: Btf): Map<string, number> {
  const functions = new Map<string, number>();
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) === Kind.FUNC) functions.set(btf.name(id), btf.sizeOrType(id));
  }
  return functions;
}
