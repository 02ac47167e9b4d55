import type { FormatError } from '@btf-depot/bytes';
import { SIBLING, type AbbreviationTable } from './abbreviations.ts';
import { At, Form } from '../constants.ts';
import {
  SKIP_BLOCK,
  SKIP_BLOCK1,
  SKIP_BLOCK2,
  SKIP_BLOCK4,
  SKIP_INDIRECT,
  SKIP_LEB,
  SKIP_STRING,
} from './forms.ts';
import { Leb128 } from '../leb128.ts';
import { unitFault, type Unit } from '../unit.ts';

const leb = new Leb128();

/** The position after a value that is skipped by `skip` (SKIP_*, or its size). */
export function skipValue(unit: Unit, skip: number, at: number): number {
  if (skip >= 0) return at + skip;
  const { bytes, view } = unit;
  switch (skip) {
    case SKIP_LEB:
      while (bytes[at] >= 0x80) at++;
      return at + 1;
    case SKIP_STRING: {
      const end = bytes.indexOf(0, at);
      if (end < 0) throw unitFault(unit, at, 'a string has no end');
      if (end - at > unit.limits.stringBytes) throw tooLong(unit, at, end - at);
      return end + 1;
    }
    case SKIP_BLOCK1:
      need(unit, at, 1);
      return at + 1 + bytes[at];
    case SKIP_BLOCK2:
      need(unit, at, 2);
      return at + 2 + view.getUint16(at, unit.endian === 'little');
    case SKIP_BLOCK4:
      need(unit, at, 4);
      return at + 4 + view.getUint32(at, unit.endian === 'little');
    case SKIP_BLOCK: {
      const length = leb.unsigned(bytes, at);
      return leb.next + length;
    }
    case SKIP_INDIRECT: {
      const form = leb.unsigned(bytes, at);
      return skipValue(unit, indirectSkip(unit, form, at), leb.next);
    }
    default:
      throw unitFault(unit, at, `no way to pass a value: ${skip}`);
  }
}

function tooLong(unit: Unit, at: number, length: number): FormatError {
  const message = `${length} bytes of one string, the limit is ${unit.limits.stringBytes}`;
  return unitFault(unit, at, message, 'dwarf-limit');
}

/** The same for the form that DW_FORM_indirect names in the entry. */
function indirectSkip(unit: Unit, form: number, at: number): number {
  const size = unit.table.formSizes.of(form);
  // A form that names itself could nest without end; so could one without a value.
  if (size === undefined || form === Form.INDIRECT || form === Form.IMPLICIT_CONST) {
    throw unitFault(unit, at, `form 0x${form.toString(16)} cannot be indirect`);
  }
  return size;
}

/** The target of the sibling reference at `at`: a later place in the unit. */
export function siblingAt(unit: Unit, step: number, at: number): number {
  const { bytes, view, endian } = unit;
  const little = endian === 'little';
  const form = SIBLING - step;
  let target: number;
  if (form === Form.REF4) {
    need(unit, at, 4);
    target = view.getUint32(at, little);
  } else if (form === Form.REF_UDATA) target = leb.unsigned(bytes, at);
  else if (form === Form.REF1) target = bytes[at];
  else if (form === Form.REF2) {
    need(unit, at, 2);
    target = view.getUint16(at, little);
  } else {
    need(unit, at, 8);
    target = Number(view.getBigUint64(at, little));
  }
  if (!(target > at && target <= bytes.length)) {
    throw unitFault(unit, at, `a sibling at ${target} is not further on in the unit`);
  }
  return target;
}

/** Bytes, or SKIP_*, of a sibling reference that is not followed. */
export function siblingSize(table: AbbreviationTable, index: number): number {
  const { attributes, sizes } = table.attributesOf(index);
  return sizes[attributes.indexOf(At.SIBLING)];
}

/** Throws unless `count` bytes at `at` are in the unit. */
export function need(unit: Unit, at: number, count: number): void {
  if (at + count > unit.bytes.length) throw unitFault(unit, at, 'the unit ends too early');
}

/** Index of the abbreviation with a code; throws if the table lacks it. */
export function abbreviationOf(unit: Unit, code: number, at: number): number {
  const { table } = unit;
  const index = table.indexes === undefined ? code - 1 : table.indexes.get(code);
  if (index === undefined || index >= table.count) {
    throw unitFault(unit, at, `abbreviation ${code} is not in its table`);
  }
  return index;
}
