import { ROW, ROW_CHILDREN, ROW_FIXED, ROW_STEP, ROW_TAG, SIBLING } from './abbreviations.ts';
import type { AbbreviationTable } from './abbreviations.ts';
import { Tag } from '../constants.ts';
import { Leb128 } from '../leb128.ts';
import { checkLimit } from '../limits.ts';
import { abbreviationOf, siblingAt, siblingSize, skipValue } from './skip.ts';
import type { TypeEntry } from './type-entry.ts';
import { unitFault, type Unit } from '../unit.ts';

const leb = new Leb128();

/** Entries that are types or functions. */
const WHOLES: ReadonlySet<number> = new Set([
  Tag.ARRAY_TYPE,
  Tag.ATOMIC_TYPE,
  Tag.BASE_TYPE,
  Tag.CONST_TYPE,
  Tag.ENUMERATION_TYPE,
  Tag.POINTER_TYPE,
  Tag.REFERENCE_TYPE,
  Tag.RESTRICT_TYPE,
  Tag.STRUCTURE_TYPE,
  Tag.SUBPROGRAM,
  Tag.SUBROUTINE_TYPE,
  Tag.TYPEDEF,
  Tag.UNION_TYPE,
  Tag.VOLATILE_TYPE,
]);

/** Entries that describe a part of the type or function above them. */
const PARTS: ReadonlySet<number> = new Set([
  Tag.ENUMERATOR,
  Tag.FORMAL_PARAMETER,
  Tag.LLVM_ANNOTATION,
  Tag.MEMBER,
  Tag.SUBRANGE_TYPE,
  Tag.UNSPECIFIED_PARAMETERS,
]);

const ENTERED = 0;
const PASSED = 1;
const PART = 2;
const WHOLE = 3;

/** Made once for a table, which units may share. */
const known = new WeakMap<AbbreviationTable, Uint8Array>();

/** The treatment of entries of each abbreviation. */
function marksOf(table: AbbreviationTable): Uint8Array {
  let marks = known.get(table);
  if (marks === undefined) {
    marks = new Uint8Array(table.count);
    for (let index = 0; index < table.count; index++) {
      const tag = table.rows[index * ROW + ROW_TAG];
      const isCall = tag === Tag.CALL_SITE || tag === Tag.GNU_CALL_SITE;
      marks[index] = WHOLES.has(tag) ? WHOLE : PARTS.has(tag) ? PART : isCall ? PASSED : ENTERED;
    }
    known.set(table, marks);
  }
  return marks;
}

/**
 * Visits the types and functions of a unit, at any depth and in the unit's order, and the entries
 * directly below that describe them. Each is read into `entry`. `parent` is the result of `visit`
 * for the entry above, 0 if that was not visited; its parts are skipped then. Throws FormatError
 * `dwarf-entry`, `dwarf-abbreviation`, and `dwarf-limit` for entries nested deeper than `nesting`.
 */
export function eachTypeEntry(
  unit: Unit,
  entry: TypeEntry,
  nesting: number,
  visit: (parent: number) => number,
): void {
  const { bytes, table } = unit;
  const { count, rows, steps } = table;
  const dense = table.indexes === undefined;
  const end = bytes.length;
  const marks = marksOf(table);
  // The results of `visit` for the ancestors of the current entry.
  let parents = new Int32Array(64);
  let depth = 0;
  let at = unit.header.firstEntry;
  do {
    const start = at;
    // Padding at a unit's end may be missing.
    if (at >= end) return;
    let code = bytes[at++];
    if (code >= 0x80) {
      code = leb.unsigned(bytes, start);
      at = leb.next;
    }
    if (code === 0) {
      depth--;
      continue;
    }
    const index = dense && code <= count ? code - 1 : abbreviationOf(unit, code, start);
    const mark = marks[index];
    const row = index * ROW;
    const parent = depth > 0 ? parents[depth - 1] : 0;
    let handle = 0;
    let jumped = false;
    if (mark === WHOLE || (mark === PART && parent !== 0)) {
      entry.read(unit, start, index, at);
      handle = visit(parent);
      at = entry.next;
    } else {
      const size = rows[row + ROW_FIXED];
      if (size >= 0) at += size;
      else {
        const last = rows[row + ROW + ROW_STEP];
        for (let step = rows[row + ROW_STEP]; step < last; step++) {
          const skip = steps[step];
          if (skip >= 0) at += skip;
          else if (skip > SIBLING) at = skipValue(unit, skip, at);
          else if (mark === PASSED) {
            at = siblingAt(unit, skip, at);
            jumped = true;
            break;
          } else at = skipValue(unit, siblingSize(table, index), at);
        }
      }
    }
    if (at > end) throw unitFault(unit, start, 'an entry passes the end of its unit');
    if (jumped || rows[row + ROW_CHILDREN] === 0) continue;
    if (depth >= parents.length) {
      const { section, offset } = unit.header;
      checkLimit('levels of entries', depth, nesting, { section, offset: offset + start });
      const more = new Int32Array(parents.length * 2);
      more.set(parents);
      parents = more;
    }
    parents[depth++] = handle;
  } while (depth > 0);
}
