import { Kind, parseBtf, sizeOf, type Btf } from '@btf-depot/btf';
import { decodeLayout, PER_CPU_SECTION, type OpenedLayout } from '@btf-depot/extras';
import { NearNames } from '../near-names.ts';
import { refusing } from '../../input-errors.ts';
import { ownIds, VariablePlaces, type VariablePlace } from './variable-places.ts';

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
  readonly #places: VariablePlaces;
  readonly #ksyms: Btf | undefined;
  #ksymPlaces: VariablePlaces | undefined;
  readonly #layout: OpenedLayout | undefined;
  #names: string[] | undefined;
  #near: NearNames | undefined;
  /** What was found last: pages of one name, and its ksyms, are asked for one after the other. */
  #found: { name: string; rows: readonly VariableRow[] } | undefined;
  #ksym: { name: string; places: readonly VariablePlace[] } | undefined;

  /**
   * @param ksyms the part of the variables that a running kernel can be given.
   * @param layout where they lie in the image.
   */
  constructor(btf: Btf, ksyms?: Btf, layout?: OpenedLayout) {
    this.btf = btf;
    this.#layout = layout;
    this.#ksyms = ksyms;
    this.#places = new VariablePlaces(btf, levels(btf));
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
    return types + this.#places.entryCount * (perEntry + PER_NAME);
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
      .flatMap((id) => this.#placesOf(id).map((place) => ({ id, name, ...place })))
      .sort(compare)
      .filter((row, at, all) => at === 0 || compare(all[at - 1], row) !== 0);
  }

  /**
   * Whether a running kernel can be given the variable; undefined if that is not known. Its place
   * decides: a copy whose symbol the build renamed shares its name with one that is given.
   */
  isKsym({ id, name, section, offset }: VariableRow): boolean | undefined {
    const ksyms = this.#ksyms;
    // What core has, the kernel has already.
    if (!ksyms || id < this.btf.firstId) return undefined;
    if (this.#ksym?.name !== name) {
      const all = (this.#ksymPlaces ??= new VariablePlaces(ksyms, [ksyms]));
      const ids = ksyms.findAll(name, Kind.VAR).filter((found) => found >= ksyms.firstId);
      this.#ksym = { name, places: ids.flatMap((found) => all.of(found)) };
    }
    return this.#ksym.places.some((one) => one.section === section && one.offset === offset);
  }

  /** Where the variable lies in memory, as far as that is known; not of one that each CPU has. */
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

  /** The symbol that lies there instead of one of the variable's name. */
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

/** Bytes that an entry takes in the list of names, and in the index of those that are near. */
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
