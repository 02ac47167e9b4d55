import { FormatError } from '@btf-depot/bytes';
import { Kind, kindName, LAST_KIND, parseBtf, reachable, type Btf } from '@btf-depot/btf';
import { encodeCore } from './encode-core.ts';
import { variablesBtf, type VariablesBtf } from './variables-btf.ts';
import { listVariables, PER_CPU_SECTION, type Variable } from './variables.ts';

/** A full BTF in two parts: what every system needs, and the variables. */
export type Partition =
  | {
      /** Nothing was taken out: core is the input, byte for byte. */
      readonly origin: 'verbatim';
      readonly core: Btf;
    }
  | {
      readonly origin: 'partition';
      /** The rest, encoded anew. */
      readonly core: Btf;
      /** Split BTF on core. */
      readonly vars: VariablesBtf;
      /** For an id of the full BTF its id in core, or after core's in vars; 0 if in neither. */
      readonly newIds: Uint32Array;
    };

/** Whether there is anything to take out: a kernel's own BTF has only per-CPU variables. */
export function hasGlobalVariables(btf: Btf): boolean {
  return listVariables(btf).some(isGlobal);
}

function isGlobal({ place }: Variable): boolean {
  return place?.section !== PER_CPU_SECTION;
}

/**
 * Takes the variables outside the per-CPU section out of a full BTF, with the types that only they
 * reach. The rest keeps its order: per-CPU variables (BPF programs need them in core), types that
 * nothing reaches, and everything else. DECL_TAGs follow their target. In both parts variables are
 * arranged as the kernel accepts them (see `arrange`).
 *
 * Throws FormatError `btf-base` for split BTF, `btf-kind` for a type of an unknown kind, whose
 * references are unknown too, `datasec-entry`, `datasec-range`.
 */
export function partition(full: Btf): Partition {
  if (full.base) throw new FormatError('btf-base', 'a full BTF is standalone');
  const variables = listVariables(full);
  const taken = variables.filter(isGlobal);
  if (taken.length === 0) return { origin: 'verbatim', core: full };
  checkKinds(full);

  const reached = reachable(full, typesOf(taken));
  const stays = whatStays(full, taken, reached);
  const perCpu = variables.filter(({ place }) => place?.section === PER_CPU_SECTION);
  const { bytes, newIds } = encodeCore(full, stays, perCpu);
  const core = parseBtf(bytes);

  const types: number[] = [];
  for (let id = 1; id < full.endId; id++) {
    if (reached[id] === 1 && stays[id] === 0 && !isDeclaration(full.kind(id))) {
      newIds[id] = core.endId + types.length;
      types.push(id);
    }
  }
  const newId = (id: number): number => newIds[id];
  const vars = variablesBtf({ base: core, source: full, variables: taken, types, newId });
  return { origin: 'partition', core, vars, newIds };
}

/** One byte per id: 1 if core keeps it. */
function whatStays(full: Btf, taken: readonly Variable[], reached: Uint8Array): Uint8Array {
  const takenVars = new Set(taken.map(({ id }) => id));
  const roots: number[] = [];
  for (let id = 1; id < full.endId; id++) {
    const kind = full.kind(id);
    const isRoot =
      kind === Kind.DATASEC
        ? full.name(id) === PER_CPU_SECTION
        : reached[id] === 0 && kind !== Kind.DECL_TAG && !takenVars.has(id);
    if (isRoot) roots.push(id);
  }
  const stays = reachable(full, roots);
  for (let id = 1; id < full.endId; id++) {
    if (full.kind(id) === Kind.DECL_TAG) stays[id] = stays[full.sizeOrType(id)];
  }
  return stays;
}

function typesOf(variables: readonly Variable[]): number[] {
  return variables.map(({ type }) => type);
}

/** Kinds that describe types or memory, and are no types. */
function isDeclaration(kind: number): boolean {
  return kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.DECL_TAG;
}

function checkKinds(full: Btf): void {
  for (let id = 1; id < full.endId; id++) {
    const kind = full.kind(id);
    if (kind <= LAST_KIND) continue;
    const where = { section: full.section, offset: full.byteOffset(id) };
    throw new FormatError('btf-kind', `a type of ${kindName(kind)} cannot be moved`, where);
  }
}
