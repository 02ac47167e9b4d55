// One pass for each group of kinds, in the order of dedupBtf; each needs the results of the earlier
// ones.
import { isEnum, Kind, LAST_KIND } from '../../kinds.ts';
import type { CanonicalTypes } from './canonical-types.ts';
import { Equivalence } from './equivalence.ts';
import { shapeHash, wordsHash } from './signatures.ts';

/** The base stays as it is; variables and sections are unique, and so are unknown kinds. */
export function keepPlaces(all: CanonicalTypes): void {
  const { types } = all;
  for (let id = 1; id < types.endId; id++) {
    const kind = types.kind(id);
    const isPlace = kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.LOCSEC;
    if (isPlace || kind > LAST_KIND) all.map(id, id);
    else if (id < types.firstId) {
      all.keep(id, isRecursive(kind) ? shapeHash(types, id) : wordsHash(types, id));
    }
  }
}

/** Types without references: their words are everything. */
export function settlePlainTypes(all: CanonicalTypes): void {
  const { types } = all;
  for (let id = types.firstId; id < types.endId; id++) {
    const kind = types.kind(id);
    const isPlain = kind === Kind.INT || kind === Kind.FLOAT || kind === Kind.FWD;
    if (isPlain || kind === Kind.LOC_PARAM) settleByWords(all, id);
  }
}

/** An enum without values is the last one of its name with values, in any order. */
export function settleEnums(all: CanonicalTypes): void {
  const { types } = all;
  const definitions = new Map<number, number>();
  const declarations = new Map<number, number>();
  for (let id = 1; id < types.endId; id++) {
    if (!isEnum(types.kind(id))) continue;
    const isOwn = id >= types.firstId;
    const name = types.name(id);
    if (!types.isEnumDeclaration(id) || name === 0) {
      if (isOwn && settleByWords(all, id) !== id) continue;
      const declared = declarations.get(name);
      if (declared !== undefined && name !== 0) all.map(declared, id);
      definitions.set(name, id);
    } else {
      const known = definitions.get(name) ?? declarations.get(name);
      if (isOwn) all.map(id, known ?? id);
      if (known === undefined) declarations.set(name, id);
    }
  }
}

/** Composites and typedefs: only these can refer to themselves. */
export function settleComposites(all: CanonicalTypes): void {
  const { types } = all;
  const equivalence = new Equivalence(all);
  for (let id = types.firstId; id < types.endId; id++) {
    // An earlier equal graph may have settled it.
    if (!isRecursive(types.kind(id)) || all.isMapped(id)) continue;
    all.settle(
      id,
      shapeHash(types, id),
      (other) => types.alike(id, other) && equivalence.join(id, other),
    );
  }
}

function isRecursive(kind: number): boolean {
  return kind === Kind.STRUCT || kind === Kind.UNION || kind === Kind.TYPEDEF;
}

/** A declaration that no comparison resolved is the only composite of its name. */
export function settleForwards(all: CanonicalTypes): void {
  const { types } = all;
  const named = new Map<number, number>();
  for (let id = 1; id < types.endId; id++) {
    const kind = types.kind(id);
    if ((kind !== Kind.STRUCT && kind !== Kind.UNION) || !all.isCanonical(id)) continue;
    const name = types.name(id);
    named.set(name, named.has(name) ? 0 : id);
  }
  for (let id = types.firstId; id < types.endId; id++) {
    if (types.kind(id) !== Kind.FWD || !all.isCanonical(id) || types.name(id) === 0) continue;
    const composite = named.get(types.name(id)) ?? 0;
    if (composite !== 0 && types.kind(composite) === types.declaredKind(id)) all.map(id, composite);
  }
}

/** All others: first their references are settled, then their words decide. */
export function settleReferences(all: CanonicalTypes): void {
  const { types } = all;
  const { words } = types;
  const opened = new Uint8Array(types.endId);
  const stack: number[] = [];
  for (let first = types.firstId; first < types.endId; first++) {
    stack.push(first);
    while (stack.length > 0) {
      const id = stack[stack.length - 1];
      if (all.isMapped(id)) {
        stack.pop();
      } else if (opened[id] === 0) {
        opened[id] = 1;
        // In C a cycle contains a composite or typedef; in a forged one without, open types stay as
        // they are.
        types.eachReference(id, (slot) => {
          const to = words[slot];
          if (!all.isMapped(to) && opened[to] === 0) stack.push(to);
        });
      } else {
        types.eachReference(id, (slot) => (words[slot] = all.resolve(words[slot])));
        settleByWords(all, id);
        stack.pop();
      }
    }
  }
}

function settleByWords(all: CanonicalTypes, id: number): number {
  const { types } = all;
  return all.settle(id, wordsHash(types, id), (other) => types.equal(id, other));
}
