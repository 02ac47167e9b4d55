import { ROW, ROW_CHILDREN, ROW_FIXED, ROW_STEP, ROW_TAG, SIBLING } from './abbreviations.ts';
import { Leb128 } from '../leb128.ts';
import { abbreviationOf, siblingAt, siblingSize, skipValue } from './skip.ts';
import { unitFault, type Unit } from '../unit.ts';

const leb = new Leb128();

/** Every tag. */
export const ANY_TAG = -1;

/**
 * Calls `visit` with the offset of each child of the entry at `parent` that has the given tag.
 * Skips descendants, by DW_AT_sibling if present: 400 MB/s for gcc's units, 200 MB/s without.
 * Allocates nothing at any depth. Throws FormatError `dwarf-entry`, `dwarf-abbreviation`,
 * `dwarf-limit`.
 */
export function eachChild(
  unit: Unit,
  parent: number,
  tag: number,
  visit: (offset: number) => void,
): void {
  const { bytes, table } = unit;
  const { count, rows, steps } = table;
  const dense = table.indexes === undefined;
  const end = bytes.length;
  let at = parent;
  // The parent is at depth 0, and is entered even if it has a sibling.
  let depth = 0;
  do {
    const start = at;
    if (at >= end) {
      // Padding at a unit's end may be missing; an entry may not.
      if (depth === 0) throw unitFault(unit, at, 'an entry outside its unit');
      break;
    }
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
    const row = index * ROW;
    const entered = depth === 0;
    if (depth === 1 && (tag === ANY_TAG || rows[row + ROW_TAG] === tag)) visit(start);
    const size = rows[row + ROW_FIXED];
    let jumped = false;
    if (size >= 0) at += size;
    else {
      const last = rows[row + ROW + ROW_STEP];
      for (let step = rows[row + ROW_STEP]; step < last; step++) {
        const skip = steps[step];
        if (skip >= 0) at += skip;
        else if (skip > SIBLING) at = skipValue(unit, skip, at);
        else if (entered) at = skipValue(unit, siblingSize(table, index), at);
        else {
          at = siblingAt(unit, skip, at);
          jumped = true;
          break;
        }
      }
    }
    if (at > end) throw unitFault(unit, start, 'an entry passes the end of its unit');
    if (!jumped && rows[row + ROW_CHILDREN] === 1) depth++;
  } while (depth > 0);
  unit.passed.take(at - parent, unit.header.section, unit.header.offset + parent);
}
