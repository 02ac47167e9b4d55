import { FormatError } from '@btf-depot/bytes';
import { Kind, type Btf } from '@btf-depot/btf';

/** The section of per-CPU variables (PER_CPU_BASE_SECTION in include/linux/percpu-defs.h). */
export const PER_CPU_SECTION = '.data..percpu';

/** The place of a variable: bytes from the start of its ELF section. */
export interface Place {
  readonly section: string;
  readonly offset: number;
  readonly size: number;
}

/** A variable in one BTF. */
export interface Variable {
  /** Id of its VAR. */
  readonly id: number;
  readonly name: string;
  /** Id of its type. */
  readonly type: number;
  /** 0 static, 1 global, 2 extern. */
  readonly linkage: number;
  /** Absent for a VAR that is in no DATASEC. */
  readonly place?: Place | undefined;
}

/**
 * The variables among the own types of a BTF: one for each entry of each DATASEC, in order, then
 * each VAR that is in none. A repeated entry is repeated. Throws FormatError `datasec-entry` for an
 * entry that is no variable.
 */
export function listVariables(btf: Btf): Variable[] {
  const { words, positions, firstId } = btf;
  const variables: Variable[] = [];
  const placed = new Uint8Array(btf.endId);
  for (const at of positions) {
    if (kindAt(words, at) !== Kind.DATASEC) continue;
    const section = btf.string(words[at]);
    const end = at + 3 + (words[at + 1] & 0xffffff) * 3;
    for (let entry = at + 3; entry < end; entry += 3) {
      const id = words[entry];
      if (btf.kind(id) !== Kind.VAR) throw notAVariable(btf, entry, section);
      placed[id] = 1;
      const place = { section, offset: words[entry + 1], size: words[entry + 2] };
      variables.push({ ...variable(btf, id), place });
    }
  }
  for (let own = 0; own < positions.length; own++) {
    const id = firstId + own;
    if (placed[id] === 0 && kindAt(words, positions[own]) === Kind.VAR) {
      variables.push(variable(btf, id));
    }
  }
  return variables;
}

function variable(btf: Btf, id: number): Omit<Variable, 'place'> {
  return { id, name: btf.name(id), type: btf.sizeOrType(id), linkage: btf.tail(id, 0) };
}

function kindAt(words: Uint32Array, at: number): number {
  return (words[at + 1] >>> 24) & 0x7f;
}

function notAVariable(btf: Btf, word: number, name: string): FormatError {
  const { length, typeOffset } = btf.header;
  const message = `an entry of DATASEC '${name}' is no variable`;
  const offset = length + typeOffset + word * 4;
  return new FormatError('datasec-entry', message, { section: btf.section, offset });
}
