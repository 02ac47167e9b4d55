import { Kind, parseBtf, sizeOf, type Btf } from '@btf-depot/btf';
import { decodeLayout, PER_CPU_SECTION, type OpenedLayout } from '@btf-depot/extras';
import { NearNames } from '../near-names.ts';
import { refusing } from '../../input-errors.ts';

/** A variable, and where it lies as far as its BTF says. */
export interface VariableRow {
  /** Id of its VAR. */
  id: number;
  name: string;
  section?: string;
  offset?: number;
  size?: number;
}

/**
 * The variables of one kernel, those in core (per-CPU ones, as a rule) and those of the extra.
 * Names are found by the index that BTF has of its own; here is only the way from a variable to
 * its place. So the first answer costs 25 ms for a kernel of 31,798 variables, the sorted names
 * another 20 ms, where somebody wants a list.
 */
export class VariableTable {
  /** Where all ids of the table mean something: the extra on core, or core alone. */
  readonly btf: Btf;
  /** By id: number of the variable's first entry in a DATASEC, from 1; 0: it has none. */
  readonly #first: Uint32Array;
  /** Three words an entry: DATASEC, offset, size; `#next` goes on to another of the variable. */
  readonly #entries: Uint32Array;
  readonly #next: Uint32Array;
  readonly #ksyms: Btf | undefined;
  readonly #layout: OpenedLayout | undefined;
  #names: string[] | undefined;
  #near: NearNames | undefined;
  /** What was found last: pages of one name, and its ksyms, are asked for one after the other. */
  #found: { name: string; rows: readonly VariableRow[] } | undefined;
  #ksym: { name: string; is: boolean } | undefined;

  /**
   * @param ksyms the part of the variables that a running kernel can be given.
   * @param layout where they lie in the image.
   */
  constructor(btf: Btf, ksyms?: Btf, layout?: OpenedLayout) {
    this.btf = btf;
    this.#layout = layout;
    this.#ksyms = ksyms;
    const sections = levels(btf).flatMap((level) => ownIds(level, Kind.DATASEC));
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

  /** Memory that the table and its BTF take at most, in bytes; near enough for a cache's bound. */
  get memory(): number {
    const { btf } = this;
    const parts = [...levels(btf), ...(this.#ksyms ? [this.#ksyms] : [])];
    const perType = 4 + 4 + 12;
    const perEntry = 16 + 48;
    const types = parts.reduce(
      (sum, { bytes, typeCount }) => sum + bytes.length + typeCount * perType,
      0,
    );
    // The names come later, where somebody asks for a list, or for one that is not there.
    return types + this.#next.length * (perEntry + PER_NAME);
  }

  /** Every name once, in the order of their characters' codes. */
  get names(): readonly string[] {
    this.#names ??= [
      ...new Set(
        levels(this.btf).flatMap((level) => ownIds(level, Kind.VAR).map((id) => level.name(id))),
      ),
    ].sort();
    return this.#names;
  }

  /** Names that `wanted` may have been meant to be. */
  nearNames(wanted: string): string[] {
    this.#near ??= new NearNames(this.names);
    return this.#near.find(wanted);
  }

  /**
   * The variables of that name, several where static ones share it, by section and offset. An
   * entry that comes twice is one variable.
   */
  find(name: string): readonly VariableRow[] {
    if (this.#found?.name !== name) this.#found = { name, rows: this.#rowsOf(name) };
    return this.#found.rows;
  }

  #rowsOf(name: string): VariableRow[] {
    return this.btf
      .findAll(name, Kind.VAR)
      .flatMap((id) => this.#places(id).map((place) => ({ id, name, ...place })))
      .sort(compare)
      .filter((row, at, all) => at === 0 || compare(all[at - 1], row) !== 0);
  }

  /** Whether a running kernel can be given the variable; undefined where that is not known. */
  isKsym({ id, name }: VariableRow): boolean | undefined {
    const ksyms = this.#ksyms;
    // What core has, the kernel has already.
    if (!ksyms || id < this.btf.firstId) return undefined;
    // A name is among the ksyms only where no other variable has it.
    if (this.#ksym?.name !== name) {
      const is = ksyms.findAll(name, Kind.VAR).some((found) => found >= ksyms.firstId);
      this.#ksym = { name, is };
    }
    return this.#ksym.is;
  }

  /** Where the variable lies in memory, as far as that is known; not of one that each CPU has. */
  addressOf({ section, offset = 0 }: VariableRow): { address?: string; fromStext?: number } {
    const start = section === undefined ? undefined : this.#layout?.sections.get(section);
    if (start === undefined || section === PER_CPU_SECTION) return {};
    const address = start + BigInt(offset);
    const text = this.#layout?.text;
    return {
      address: `0x${address.toString(16)}`,
      ...(text !== undefined && { fromStext: Number(address - text) }),
    };
  }

  /** Why the variable is not among the ksyms. */
  reasonOf({ section, offset = 0 }: VariableRow): string | undefined {
    if (section === undefined) return 'no-place';
    return this.#layout?.reasonOf(section, offset);
  }

  #places(id: number): Omit<VariableRow, 'id' | 'name'>[] {
    const { btf } = this;
    const places = [];
    for (let entry = this.#first[id]; entry !== 0; entry = this.#next[entry]) {
      const [section, offset, size] = this.#entries.subarray((entry - 1) * 3, entry * 3);
      places.push({ section: btf.name(section), offset, size });
    }
    if (places.length > 0) return places;
    const size = sizeOf(btf, id);
    return [size === undefined ? {} : { size }];
  }
}

/** Bytes that an entry takes in the list of names, and in the index of those that are near. */
const PER_NAME = 180;

/** The parts of a kernel's BTF; all but core are split BTF on core. */
export interface VariableParts {
  core: Uint8Array;
  vars?: Uint8Array;
  ksyms?: Uint8Array;
  /** Of the ksyms' entry in the record. */
  layout?: Uint8Array;
}

/**
 * Opens a kernel's BTF for questions about its variables. The bytes are kept.
 * @throws DepotError `bad-btf`.
 */
export function openVariables({ core, vars, ksyms, layout }: VariableParts): VariableTable {
  return refusing('core', () => {
    const base = parseBtf(core);
    return new VariableTable(
      vars ? parseBtf(vars, { base, section: '.BTF.vars' }) : base,
      ksyms && parseBtf(ksyms, { base, section: '.BTF.ksyms' }),
      layout && decodeLayout(layout),
    );
  });
}

/** The base before what is split from it. */
function levels(btf: Btf): Btf[] {
  return btf.base ? [...levels(btf.base), btf] : [btf];
}

function ownIds(btf: Btf, kind: number): number[] {
  const ids = [];
  for (let id = btf.firstId; id < btf.endId; id++) if (btf.kind(id) === kind) ids.push(id);
  return ids;
}

function compare(a: VariableRow, b: VariableRow): number {
  const [left, right] = [a.section ?? '', b.section ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return (a.offset ?? a.id) - (b.offset ?? b.id) || (a.size ?? 0) - (b.size ?? 0);
}
