import {
  At,
  constant,
  Expressions,
  LocationLists,
  type Dwarf,
  type Entry,
  type ExpressionContext,
  type Unit,
  type Value,
} from '@btf-depot/dwarf';
import { UNAVAILABLE, type LocationKind, type Unavailable } from './coverage.ts';
import { FrameBase } from './frame-base.ts';
import { kindOfLocation, locationWords, type ParameterType } from './location-words.ts';
import { WordPool } from './word-pool.ts';

/** Bytes of an expression that is cached; most have one or two. */
const REMEMBERED = 15;
/** Most cached expressions, in some 10 MB; Debian's 7.2 has 38,000. */
const MOST_REMEMBERED = 2 ** 18;

/** The start of a call, where its parameters are looked up. */
export interface SitePoint {
  readonly address: number;
  /** gcc's number among the statements that begin at that address. */
  readonly view: number;
}

/**
 * Finds locations of parameters, as LOC_PARAMs that are shared by content. A location has a *slot*:
 * the number of its LOC_PARAM plus 1, or ~ of an index in UNAVAILABLE.
 */
export class ParameterLocations {
  /** Words of LOC_PARAMs: see location-words.ts. */
  readonly pool = new WordPool();
  /** For each LOC_PARAM. */
  readonly kinds: LocationKind[] = [];
  readonly #lists: LocationLists;
  readonly #expressions: Expressions;
  readonly #frame: FrameBase;
  readonly #addressSize: number;
  /** Short expressions that mean the same everywhere, each with the type that it was read for. */
  readonly #read = new WordPool();
  readonly #key = new Uint32Array(6);
  /** Their slots. */
  readonly #slots: number[] = [];
  #context: ExpressionContext | undefined;

  constructor(dwarf: Dwarf, addressSize: number) {
    this.#lists = new LocationLists(dwarf);
    this.#expressions = new Expressions(dwarf.tables);
    this.#frame = new FrameBase(dwarf);
    this.#addressSize = addressSize;
  }

  /** Starts another unit. */
  unit(unit: Unit): void {
    this.#context = {
      unit,
      frameBase: () => this.#frame.at(unit),
      callFrame: () => this.#frame.callFrame(),
    };
  }

  /** Starts another function of the unit. */
  function(subprogram: Entry): void {
    this.#frame.enter(subprogram);
  }

  /** The slot of the parameter that an entry of the unit describes. */
  slotOf(unit: Unit, site: SitePoint, type: ParameterType, entry: Entry): number {
    if (entry.has(At.CONST_VALUE)) {
      const known = entry.integer(At.CONST_VALUE) ?? integerOf(entry.block(At.CONST_VALUE), unit);
      return this.#slot(unit, type, known === undefined ? 'wide' : constant(known));
    }
    const found = this.#lists.find(unit, entry, At.LOCATION, site);
    if (found === 'none') return NO_PLACE;
    if (found === 'list') return ELSEWHERE;
    const length = this.#lists.to - this.#lists.from;
    if (length > REMEMBERED) return this.#slotThere(unit, site, type);
    this.#setKey(unit, type, length);
    if (this.#read.count === MOST_REMEMBERED) this.#forget();
    const known = this.#read.count;
    const number = this.#read.add(this.#key);
    const remembered = number < known ? this.#slots[number] : READ_AGAIN;
    if (remembered !== READ_AGAIN) return remembered;
    const slot = this.#slotThere(unit, site, type);
    this.#slots[number] = this.#expressions.isFree ? slot : READ_AGAIN;
    return slot;
  }

  #forget(): void {
    this.#read.clear();
    this.#slots.length = 0;
  }

  /** Reads the found expression. */
  #slotThere(unit: Unit, site: SitePoint, type: ParameterType): number {
    this.#frame.address = site.address;
    const value = this.#context
      ? this.#expressions.read(this.#lists, type.size, this.#context)
      : 'nothing';
    return this.#slot(unit, type, value);
  }

  #slot({ endian }: Unit, type: ParameterType, value: Value | Unavailable): number {
    const words =
      typeof value === 'string'
        ? value
        : locationWords(value, type, { endian, addressSize: this.#addressSize });
    if (typeof words === 'string') return ~UNAVAILABLE.indexOf(words);
    const number = this.pool.add(words);
    if (number === this.kinds.length) this.kinds.push(kindOfLocation(words));
    return number + 1;
  }

  #setKey({ header }: Unit, { size, isSigned }: ParameterType, length: number): void {
    const key = this.#key;
    const { bytes, from } = this.#lists;
    key[0] = size;
    key[1] = (length << 8) | (header.addressSize << 1) | (isSigned ? 1 : 0);
    // Faster than `fill` for so few.
    key[2] = key[3] = key[4] = key[5] = 0;
    for (let i = 0; i < length; i++) {
      const word = 2 + (i >>> 2);
      key[word] = (key[word] << 8) | bytes[from + i];
    }
  }
}

const NO_PLACE = ~UNAVAILABLE.indexOf('unplaced');
const ELSEWHERE = ~UNAVAILABLE.indexOf('elsewhere');
/** Never used for look-ups: unmentioned parameters have slot 0. */
const READ_AGAIN = 0;

/** A constant given as bytes, in the order of the file. */
function integerOf(bytes: Uint8Array | undefined, { endian }: Unit): bigint | undefined {
  if (bytes === undefined || bytes.length > 8) return undefined;
  const ordered = endian === 'little' ? bytes.toReversed() : bytes;
  return ordered.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
