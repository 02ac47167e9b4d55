import { parseBtf, sizeOf, type Btf } from '@btf-depot/btf';
import { listVariables } from '@btf-depot/extras';
import { refusing } from '../refusals.ts';

/** Where a variable lies, as far as its BTF says. */
export interface VariablePlace {
  section?: string;
  offset?: number;
  size?: number;
}

/** Stands for "in no section" in the columns. */
const NOWHERE = 0xffffffff;

/**
 * The variables of one kernel, those in core (per-CPU ones, as a rule) and those of the extra, by
 * name. Rows are numbers from 0 to `size`, in the order of name, section and offset. An entry that
 * comes twice is one row.
 *
 * Columns, not objects: a kernel's 31,798 rows take 2 MB, and 60 ms to make.
 */
export class VariableTable {
  /** Where all ids of the table mean something: the extra on core, or core alone. */
  readonly btf: Btf;
  readonly names: readonly string[];
  readonly #ids: Uint32Array;
  readonly #sections: readonly string[];
  readonly #sectionOf: Uint32Array;
  readonly #offsets: Uint32Array;
  readonly #sizes: Uint32Array;

  constructor(btf: Btf) {
    this.btf = btf;
    const rows = [...(btf.base ? listVariables(btf.base) : []), ...listVariables(btf)]
      .map(({ id, name, place }) => ({ id, name, place }))
      .sort((a, b) => compare(a, b))
      .filter((row, at, all) => at === 0 || compare(all[at - 1], row) !== 0);
    const sections = [...new Set(rows.map(({ place }) => place?.section ?? ''))];
    const numbers = new Map(sections.map((section, number) => [section, number]));
    this.names = rows.map(({ name }) => name);
    this.#sections = sections;
    this.#ids = Uint32Array.from(rows, ({ id }) => id);
    this.#sectionOf = Uint32Array.from(rows, ({ place }) =>
      place ? (numbers.get(place.section) ?? NOWHERE) : NOWHERE,
    );
    this.#offsets = Uint32Array.from(rows, ({ place }) => place?.offset ?? 0);
    this.#sizes = Uint32Array.from(rows, ({ place }) => place?.size ?? 0);
  }

  get size(): number {
    return this.names.length;
  }

  /** Memory that the table and its BTF take, in bytes; near enough for a cache's bound. */
  get memory(): number {
    const { btf, names } = this;
    const perType = 12;
    const perRow = 16 + 48;
    const bytes = btf.bytes.length + (btf.base?.bytes.length ?? 0);
    return bytes + btf.endId * perType + names.length * perRow;
  }

  /** Id of the row's VAR. */
  id(row: number): number {
    return this.#ids[row];
  }

  place(row: number): VariablePlace {
    const section = this.#sectionOf[row];
    if (section === NOWHERE) {
      const size = sizeOf(this.btf, this.#ids[row]);
      return size === undefined ? {} : { size };
    }
    return {
      section: this.#sections[section],
      offset: this.#offsets[row],
      size: this.#sizes[row],
    };
  }

  /** The rows of that name: several where static variables share it. */
  find(name: string): number[] {
    const rows = [];
    for (let row = this.seek(name); this.names[row] === name; row++) rows.push(row);
    return rows;
  }

  /** The first row whose name is `name` or later. */
  seek(name: string): number {
    let low = 0;
    let high = this.names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.names[middle] < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Opens a kernel's BTF for questions about its variables. The bytes are kept.
 * @throws DepotError `bad-btf`.
 */
export function openVariables(core: Uint8Array, vars?: Uint8Array): VariableTable {
  return refusing('core', () => {
    const base = parseBtf(core);
    return new VariableTable(vars ? parseBtf(vars, { base, section: '.BTF.vars' }) : base);
  });
}

interface Row {
  id: number;
  name: string;
  place: { section: string; offset: number; size: number } | undefined;
}

function compare(a: Row, b: Row): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  if (!a.place || !b.place) return (a.place ? 1 : 0) - (b.place ? 1 : 0) || a.id - b.id;
  if (a.place.section !== b.place.section) return a.place.section < b.place.section ? -1 : 1;
  return a.place.offset - b.place.offset || a.place.size - b.place.size;
}
