import { Kind, parseBtf, sizeOf, type Btf } from '@btf-depot/btf';
import { decodeLayout, PER_CPU_SECTION, type OpenedLayout } from '@btf-depot/extras';
import { NearNames } from '../near-names.ts';
import { refusing } from '../../input-errors.ts';
import { ownIds, VariablePlaces, type VariablePlace } from './variable-places.ts';

/** A variable, with its place as far as its BTF has it. */
export interface VariableRow {
  /** Id of its VAR. */
  id: number;
  name: string;
  section?: string;
  offset?: number;
  size?: number;
}

/**
 * The variables of one kernel, those in core (usually per-CPU ones) and those of the extra. BTF's
 * own index finds names; this table only leads from a variable to its place. So the first answer
 * takes 25 ms for a kernel of 31,798 variables, and the sorted names another 20 ms on demand.
 */
export class VariableTable {
  /** The BTF in which all ids of the table are valid: the extra on core, or core alone. */
  readonly btf: Btf;
  readonly #places: VariablePlaces;
  readonly #ksyms: Btf | undefined;
  #ksymPlaces: VariablePlaces | undefined;
  readonly #layout: OpenedLayout | undefined;
  #names: string[] | undefined;
  #near: NearNames | undefined;
  /** The last result: pages of one name, and its ksyms, are requested in sequence. */
  #found: { name: string; rows: readonly VariableRow[] } | undefined;
  #ksym: { name: string; places: readonly VariablePlace[] } | undefined;

  /**
   * @param ksyms the variables that a running kernel may be given.
   * @param layout their addresses in the image.
   */
  constructor(btf: Btf, ksyms?: Btf, layout?: OpenedLayout) {
    this.btf = btf;
    this.#layout = layout;
    this.#ksyms = ksyms;
    this.#places = new VariablePlaces(btf, levels(btf));
  }

  /** Most memory of the table and its BTF, in bytes; accurate enough for a cache's bound. */
  get memory(): number {
    const { btf } = this;
    const parts = [...levels(btf), ...(this.#ksyms ? [this.#ksyms] : [])];
    const perType = 4 + 4 + 12;
    const perEntry = 16 + 48;
    const types = parts.reduce(
      (sum, { bytes, typeCount }) => sum + bytes.length + typeCount * perType,
      0,
    );
    // Names are sorted later, for a list or for suggestions.
    return types + this.#places.entryCount * (perEntry + PER_NAME);
  }

  /** Every name once, in the order of character codes. */
  get names(): readonly string[] {
    this.#names ??= [
      ...new Set(
        levels(this.btf).flatMap((level) => ownIds(level, Kind.VAR).map((id) => level.name(id))),
      ),
    ].sort();
    return this.#names;
  }

  /** Names similar to `wanted`. */
  nearNames(wanted: string): string[] {
    this.#near ??= new NearNames(this.names);
    return this.#near.find(wanted);
  }

  /**
   * The variables of that name, several if static ones share it, by section and offset. A repeated
   * entry is one variable.
   */
  find(name: string): readonly VariableRow[] {
    if (this.#found?.name !== name) this.#found = { name, rows: this.#rowsOf(name) };
    return this.#found.rows;
  }

  #rowsOf(name: string): VariableRow[] {
    return this.btf
      .findAll(name, Kind.VAR)
      .flatMap((id) => this.#placesOf(id).map((place) => ({ id, name, ...place })))
      .sort(compare)
      .filter((row, at, all) => at === 0 || compare(all[at - 1], row) !== 0);
  }

  /**
   * Whether a running kernel may be given the variable; undefined if unknown. Its place decides: a
   * copy whose symbol the build renamed shares its name with one that may.
   */
  isKsym({ id, name, section, offset }: VariableRow): boolean | undefined {
    const ksyms = this.#ksyms;
    // The kernel has the variables of core already.
    if (!ksyms || id < this.btf.firstId) return undefined;
    if (this.#ksym?.name !== name) {
      const all = (this.#ksymPlaces ??= new VariablePlaces(ksyms, [ksyms]));
      const ids = ksyms.findAll(name, Kind.VAR).filter((found) => found >= ksyms.firstId);
      this.#ksym = { name, places: ids.flatMap((found) => all.of(found)) };
    }
    return this.#ksym.places.some((one) => one.section === section && one.offset === offset);
  }

  /** Address of the variable, if known; none for per-CPU variables. */
  addressOf({ section, offset = 0 }: VariableRow): {
    address?: string;
    fromStext?: number | undefined;
  } {
    const start = section === undefined ? undefined : this.#layout?.sections.get(section);
    if (start === undefined || section === PER_CPU_SECTION) return {};
    const address = start + BigInt(offset);
    const text = this.#layout?.text;
    return {
      address: `0x${address.toString(16)}`,
      fromStext: text === undefined ? undefined : Number(address - text),
    };
  }

  /** Why the variable is not among the ksyms. */
  reasonOf({ section, offset = 0 }: VariableRow): string | undefined {
    if (section === undefined) return 'no-place';
    return this.#layout?.reasonOf(section, offset);
  }

  /** The symbol at its address that has another name. */
  symbolAt({ section, offset = 0 }: VariableRow): string | undefined {
    return section === undefined ? undefined : this.#layout?.symbolAt(section, offset);
  }

  #placesOf(id: number): Omit<VariableRow, 'id' | 'name'>[] {
    const places = this.#places.of(id);
    if (places.length > 0) return places;
    const size = sizeOf(this.btf, id);
    return [size === undefined ? {} : { size }];
  }
}

/** Bytes of an entry in the list of names, and in the index of similar names. */
const PER_NAME = 180;

/** The parts of a kernel's BTF; all but core are split BTF on core. */
export interface VariableParts {
  core: Uint8Array;
  vars?: Uint8Array | undefined;
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

function compare(a: VariableRow, b: VariableRow): number {
  const [left, right] = [a.section ?? '', b.section ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return (a.offset ?? a.id) - (b.offset ?? b.id) || (a.size ?? 0) - (b.size ?? 0);
}
