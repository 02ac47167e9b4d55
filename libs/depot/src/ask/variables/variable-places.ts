import { Kind, type Btf } from '@btf-depot/btf';

export interface VariablePlace {
  section: string;
  offset: number;
  size: number;
}

/** The DATASEC entries of variables, by the id of the VAR. */
export class VariablePlaces {
  readonly #btf: Btf;
  /** By id: number of the variable's first entry, from 1; 0: it has none. */
  readonly #first: Uint32Array;
  /** Three words for each entry: DATASEC, offset, size; `#next` is the variable's next entry. */
  readonly #entries: Uint32Array;
  readonly #next: Uint32Array;

  /** @param levels `btf`, its base, or both: those whose own DATASECs are read. */
  constructor(btf: Btf, levels: readonly Btf[]) {
    this.#btf = btf;
    const sections = levels.flatMap((level) => ownIds(level, Kind.DATASEC));
    const count = sections.reduce((sum, id) => sum + btf.vlen(id), 0);
    this.#first = new Uint32Array(btf.endId);
    this.#entries = new Uint32Array(count * 3);
    this.#next = new Uint32Array(count + 1);
    let number = 0;
    for (const section of sections) {
      const end = btf.vlen(section) * 3;
      for (let at = 0; at < end; at += 3) {
        const id = btf.tail(section, at);
        this.#entries.set(
          [section, btf.tail(section, at + 1), btf.tail(section, at + 2)],
          number * 3,
        );
        number++;
        this.#next[number] = this.#first[id];
        this.#first[id] = number;
      }
    }
  }

  get entryCount(): number {
    return this.#next.length;
  }

  of(id: number): VariablePlace[] {
    const places = [];
    for (let entry = this.#first[id]; entry !== 0; entry = this.#next[entry]) {
      const [section, offset, size] = this.#entries.subarray((entry - 1) * 3, entry * 3);
      places.push({ section: this.#btf.name(section), offset, size });
    }
    return places;
  }
}

export function ownIds(btf: Btf, kind: number): number[] {
  const ids = [];
  for (let id = btf.firstId; id < btf.endId; id++) if (btf.kind(id) === kind) ids.push(id);
  return ids;
}
