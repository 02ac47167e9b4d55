import { FormatError } from '@btf-depot/bytes';
import type { Budget } from '../budget.ts';
import { At, Form } from '../constants.ts';
import type { FormSizes } from './forms.ts';
import { Leb128 } from '../leb128.ts';
import type { DwarfLimits } from '../limits.ts';

const SECTION = '.debug_abbrev';

/** A step that reads DW_AT_sibling by the form `SIBLING - step`. */
export const SIBLING = -32;

// Columns of an abbreviation's row.
export const ROW = 6;
export const ROW_TAG = 0;
/** 1 if entries have children. */
export const ROW_CHILDREN = 1;
/** Bytes of the attributes, if fixed and without a sibling to jump to; else -1. */
export const ROW_FIXED = 2;
/** Its first step; the next row's first step ends its list. */
export const ROW_STEP = 3;
/** Range of its attributes in .debug_abbrev. */
const ROW_ATTRIBUTES = 4;
const ROW_ATTRIBUTES_END = 5;

/** The attributes of one abbreviation, in order. */
export interface AttributeList {
  readonly attributes: readonly number[];
  readonly forms: readonly number[];
  /** Bytes of each form, or SKIP_*. */
  readonly sizes: readonly number[];
  /** Offset in .debug_abbrev of the value of an implicit constant. */
  readonly implicit: readonly number[];
  /** Bytes from the first attribute to each, as long as all before it have a fixed size. */
  readonly offsets: readonly number[];
  /** Bytes of all attributes; -1 if not fixed. */
  readonly length: number;
}

const leb = new Leb128();

/**
 * One abbreviation table (DWARF 5, 7.5.3), laid out for fast skipping: one addition skips
 * everything of fixed size. An abbreviation has an index, 0 for the first. Made by
 * `readAbbreviations`.
 */
export class AbbreviationTable {
  readonly count: number;
  /** ROW numbers for each abbreviation, and a last row that marks the end. */
  readonly rows: Int32Array;
  /** Bytes to skip, one of SKIP_*, or a sibling to jump to. */
  readonly steps: Int32Array;
  /** Index by code; undefined if the code of index n is n + 1, as compilers number them. */
  readonly indexes: ReadonlyMap<number, number> | undefined;
  readonly formSizes: FormSizes;
  readonly #pool: AttributeLists;
  readonly #lists: (AttributeList | undefined)[] = [];

  constructor(pool: AttributeLists, parts: Pick<AbbreviationTable, 'rows' | 'steps' | 'indexes'>) {
    this.count = parts.rows.length / ROW - 1;
    this.rows = parts.rows;
    this.steps = parts.steps;
    this.indexes = parts.indexes;
    this.formSizes = pool.formSizes;
    this.#pool = pool;
  }

  /** Made on demand and kept: most abbreviations are only skipped, and need none. */
  attributesOf(index: number): AttributeList {
    const row = index * ROW;
    const { rows } = this;
    return (this.#lists[index] ??= this.#pool.at(
      rows[row + ROW_ATTRIBUTES],
      rows[row + ROW_ATTRIBUTES_END],
    ));
  }
}

/** A growing list of 32-bit numbers. */
class Numbers {
  length = 0;
  #values = new Int32Array(4096);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const more = new Int32Array(this.length * 2);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.length++] = value;
  }

  copy(): Int32Array {
    return this.#values.slice(0, this.length);
  }
}

/** Most lists of one hash that are compared: hostile input may give all lists the same hash. */
const COMPARED = 16;

interface KnownList {
  readonly start: number;
  readonly end: number;
  readonly list: AttributeList;
  readonly next: KnownList | undefined;
}

/**
 * The attribute lists of all tables of a file, for one kind of unit. Each unit has its own table,
 * but most tables consist of the same lists.
 */
export class AttributeLists {
  readonly bytes: Uint8Array;
  readonly formSizes: FormSizes;
  /** Buffers for reading a table, reused for the next one. */
  readonly rows = new Numbers();
  readonly steps = new Numbers();
  /** Chains of lists with the same hash. */
  readonly #known = new Map<number, KnownList>();

  constructor(bytes: Uint8Array, formSizes: FormSizes) {
    this.bytes = bytes;
    this.formSizes = formSizes;
  }

  /** The list from `start` to `end`, which `readAbbreviations` has already checked. */
  at(start: number, end: number): AttributeList {
    const { bytes } = this;
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
    const first = this.#known.get(hash);
    let compared = 0;
    for (let known = first; known && compared < COMPARED; known = known.next, compared++) {
      if (this.#isSame(known, start, end)) return known.list;
    }
    const list = this.#read(start);
    this.#known.set(hash, { start, end, list, next: first });
    return list;
  }

  #isSame(known: KnownList, start: number, end: number): boolean {
    const { bytes } = this;
    const behind = known.start - start;
    if (known.end - behind !== end) return false;
    for (let at = start; at < end; at++) if (bytes[at] !== bytes[at + behind]) return false;
    return true;
  }

  #read(start: number): AttributeList {
    // Plain arrays: they are many and mostly short.
    const list = {
      attributes: [] as number[],
      forms: [] as number[],
      sizes: [] as number[],
      implicit: [] as number[],
      offsets: [] as number[],
      length: 0,
    };
    let at = start;
    for (;;) {
      const attribute = leb.unsigned(this.bytes, at);
      const form = leb.unsigned(this.bytes, leb.next);
      at = leb.next;
      if (attribute === 0 && form === 0) return list;
      const size = this.formSizes.of(form) ?? 0;
      list.attributes.push(attribute);
      list.forms.push(form);
      list.sizes.push(size);
      list.implicit.push(at);
      if (list.length >= 0) list.offsets.push(list.length);
      list.length = size < 0 || list.length < 0 ? -1 : list.length + size;
      if (form === Form.IMPLICIT_CONST) {
        leb.unsigned(this.bytes, at);
        at = leb.next;
      }
    }
  }
}

/**
 * Reads the table at an offset of .debug_abbrev. Throws FormatError `dwarf-abbreviation` for an
 * unknown form, a repeated code or a table without end, `dwarf-limit`. It takes 20 µs for a
 * kernel's unit.
 */
export function readAbbreviations(
  pool: AttributeLists,
  start: number,
  limits: Pick<DwarfLimits, 'abbreviations' | 'attributesEach' | 'attributes'>,
  reads: Budget,
): AbbreviationTable {
  const { bytes, formSizes, rows, steps } = pool;
  rows.length = 0;
  steps.length = 0;
  const codes: number[] = [];
  let dense = true;
  let attributes = 0;
  let at = start;
  const number = (): number => {
    const byte = bytes[at];
    if (byte < 0x80) {
      at++;
      return byte;
    }
    const value = leb.unsigned(bytes, at);
    at = leb.next;
    return value;
  };
  for (;;) {
    if (at >= bytes.length) throw fault('the table has no end', at);
    const code = number();
    if (code === 0) break;
    codes.push(code);
    dense &&= code === codes.length;
    const tag = number();
    const hasChildren = bytes[at++] === 1;
    const attributesAt = at;
    const firstStep = steps.length;
    const before = attributes;
    let run = 0;
    for (;;) {
      if (at >= bytes.length) throw fault('the table has no end', at);
      const attribute = number();
      const form = number();
      if (attribute === 0 && form === 0) break;
      const size = formSizes.of(form);
      if (size === undefined) throw fault(`form 0x${form.toString(16)} is unknown`, at);
      attributes++;
      if (form === Form.IMPLICIT_CONST) number();
      const jumps = attribute === At.SIBLING && hasChildren && isLocalReference(form);
      if (size >= 0 && !jumps) run += size;
      else {
        if (run > 0) steps.push(run);
        run = 0;
        steps.push(jumps ? SIBLING - form : size);
      }
    }
    const isFixed = steps.length === firstStep;
    if (run > 0) steps.push(run);
    rows.push(tag);
    rows.push(hasChildren ? 1 : 0);
    rows.push(isFixed ? run : -1);
    rows.push(firstStep);
    rows.push(attributesAt);
    rows.push(at);
    check('attributes of one abbreviation', attributes - before, limits.attributesEach, start);
    check('abbreviations', codes.length, limits.abbreviations, start);
    check('attributes', attributes, limits.attributes, start);
  }
  reads.take(codes.length + attributes, SECTION, start);
  for (let column = 0; column < ROW; column++) rows.push(column === ROW_STEP ? steps.length : 0);
  return new AbbreviationTable(pool, {
    rows: rows.copy(),
    steps: steps.copy(),
    indexes: dense ? undefined : indexesOf(codes, start),
  });
}

function isLocalReference(form: number): boolean {
  return form >= Form.REF1 && form <= Form.REF_UDATA;
}

function indexesOf(codes: readonly number[], start: number): Map<number, number> {
  const indexes = new Map(codes.map((code, index) => [code, index]));
  if (indexes.size < codes.length) throw fault('a code comes twice', start);
  return indexes;
}

function check(what: string, value: number, limit: number, offset: number): void {
  if (value > limit) throw fault(`more than ${limit} ${what}`, offset, 'dwarf-limit');
}

function fault(message: string, offset: number, code = 'dwarf-abbreviation'): FormatError {
  return new FormatError(code, message, { section: SECTION, offset });
}
