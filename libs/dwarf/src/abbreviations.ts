import { FormatError } from '@btf-depot/bytes';
import { At, Form } from './constants.ts';
import { FormSizes, type FormContext } from './forms.ts';
import { Leb128 } from './leb128.ts';
import { checkLimit, type DwarfLimits } from './limits.ts';

const SECTION = '.debug_abbrev';

/** A step that reads DW_AT_sibling by the form `SIBLING - step`. */
export const SIBLING = -32;

/**
 * One abbreviation table (DWARF 5, 7.5.3), laid out for passing over entries: what has a fixed
 * size is passed with one addition. An abbreviation is known by its index, 0 for the first.
 */
export interface AbbreviationTable {
  readonly count: number;
  /** Whether the code of index n is n + 1, as compilers number them. */
  readonly dense: boolean;
  /** Index by code, where they are not dense. */
  readonly indexes: ReadonlyMap<number, number>;
  readonly tags: Int32Array;
  /** 1 where entries have children. */
  readonly children: Uint8Array;
  /** Bytes of the attributes where that is fixed and there is no sibling to jump to, else -1. */
  readonly fixed: Int32Array;
  /** Where the steps of each start in `steps`; one more for the end. */
  readonly firstStep: Int32Array;
  /** Bytes to pass, one of SKIP_*, or a sibling to jump to. */
  readonly steps: Int32Array;
  /** Where the attributes of each start in the next four; one more for the end. */
  readonly firstAttribute: Int32Array;
  readonly attributes: Int32Array;
  readonly forms: Int32Array;
  /** Bytes or SKIP_* of each form. */
  readonly sizes: Int32Array;
  /** Where in .debug_abbrev the value of an implicit constant is. */
  readonly implicit: Int32Array;
  /** Most attributes that one has. */
  readonly widest: number;
}

/**
 * Reads the table at an offset of .debug_abbrev for units of one kind. Throws FormatError
 * `dwarf-abbreviation` for an unknown form, a code that comes twice and a table without end,
 * `dwarf-limit`. Some 30 µs for a kernel's unit, all of them 70 ms.
 */
export function readAbbreviations(
  bytes: Uint8Array,
  start: number,
  context: FormContext,
  limits: DwarfLimits,
): AbbreviationTable {
  const formSizes = new FormSizes(context);
  const leb = new Leb128();
  const tags: number[] = [];
  const children: number[] = [];
  const fixed: number[] = [];
  const firstStep: number[] = [0];
  const steps: number[] = [];
  const firstAttribute: number[] = [0];
  const attributes: number[] = [];
  const forms: number[] = [];
  const sizes: number[] = [];
  const implicit: number[] = [];
  const codes: number[] = [];
  let dense = true;
  let widest = 0;
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
    const begin = at;
    const code = number();
    if (code === 0) break;
    checkLimit('abbreviations', tags.length + 1, limits.abbreviations, at0(begin));
    tags.push(number());
    const hasChildren = bytes[at++] === 1;
    dense &&= code === tags.length;
    codes.push(code);
    children.push(hasChildren ? 1 : 0);
    const stepsFrom = steps.length;
    let run = 0;
    for (;;) {
      if (at >= bytes.length) throw fault('the table has no end', at);
      const attributeAt = at;
      const attribute = number();
      const form = number();
      if (attribute === 0 && form === 0) break;
      const size = formSizes.of(form);
      if (size === undefined) throw fault(`form 0x${form.toString(16)} is unknown`, attributeAt);
      attributes.push(attribute);
      forms.push(form);
      sizes.push(size);
      implicit.push(at);
      if (form === Form.IMPLICIT_CONST) {
        leb.unsigned(bytes, at);
        at = leb.next;
      }
      const jumps = attribute === At.SIBLING && hasChildren && isLocalReference(form);
      if (size >= 0 && !jumps) run += size;
      else {
        if (run > 0) steps.push(run);
        run = 0;
        steps.push(jumps ? SIBLING - form : size);
      }
    }
    checkLimit('attributes', attributes.length, limits.attributes, at0(begin));
    fixed.push(steps.length === stepsFrom ? run : -1);
    if (run > 0) steps.push(run);
    firstStep.push(steps.length);
    widest = Math.max(widest, attributes.length - (firstAttribute.at(-1) ?? 0));
    firstAttribute.push(attributes.length);
  }
  return {
    count: tags.length,
    dense,
    indexes: dense ? new Map() : indexesOf(codes, start),
    tags: new Int32Array(tags),
    children: new Uint8Array(children),
    fixed: new Int32Array(fixed),
    firstStep: new Int32Array(firstStep),
    steps: new Int32Array(steps),
    firstAttribute: new Int32Array(firstAttribute),
    attributes: new Int32Array(attributes),
    forms: new Int32Array(forms),
    sizes: new Int32Array(sizes),
    implicit: new Int32Array(implicit),
    widest,
  };
}

function isLocalReference(form: number): boolean {
  return form >= Form.REF1 && form <= Form.REF_UDATA;
}

function indexesOf(codes: readonly number[], start: number): Map<number, number> {
  const indexes = new Map(codes.map((code, index) => [code, index]));
  if (indexes.size < codes.length) throw fault('a code comes twice', start);
  return indexes;
}

function at0(offset: number): { section: string; offset: number } {
  return { section: SECTION, offset };
}

function fault(message: string, offset: number): FormatError {
  return new FormatError('dwarf-abbreviation', message, at0(offset));
}
