import { printDeclaration, printVariable } from '@btf-depot/btf';
import type { Variable, VariableWithTypes } from '@btf-depot/contracts';
import { PER_CPU_SECTION } from '@btf-depot/extras';
import { AnswerRoom, type Steps } from '../answer-room.ts';
import { refusing } from '../../input-errors.ts';
import type { NamePart } from './ask-variables.ts';
import type { VariableRow, VariableTable } from './variable-table.ts';

const LINKAGES = ['static', 'global', 'extern'] as const;

/**
 * Most characters of one declaration, and of the types of one variable: many times the largest of
 * Debian's kernels 6.12 and 7.2 (381; 25,764).
 */
const MAX_DECLARATION = 64 * 1024;
const MAX_TYPES = 1024 * 1024;

/**
 * A row in the form for clients.
 * @throws DepotError `bad-btf` if its types cannot be written as C.
 */
export function describeVariable(table: VariableTable, row: VariableRow): Variable {
  const { btf } = table;
  const { id, ...variable } = row;
  const ksym = table.isKsym(row);
  const ksymReason = ksym === false ? table.reasonOf(row) : undefined;
  const declaration = refusing('btf', () => printDeclaration(btf, id, { limit: MAX_DECLARATION }));
  return {
    ...variable,
    ...table.addressOf(row),
    linkage: LINKAGES[btf.tail(id, 0)] ?? 'extern',
    perCpu: row.section === PER_CPU_SECTION,
    from: id < btf.firstId || !btf.base ? 'core' : 'vars',
    ksym,
    ksymReason,
    ksymName: ksym === false ? table.symbolAt(row) : undefined,
    declaration,
  };
}

/** The same with the types that it needs. */
export function describeWithTypes(table: VariableTable, row: VariableRow): VariableWithTypes {
  const type = table.btf.sizeOrType(row.id);
  const types = refusing('btf', () => printVariable(table.btf, type, { limit: MAX_TYPES }));
  return { ...describeVariable(table, row), types };
}

/**
 * A C file that declares the variables of one name after the types that they need. A name can have
 * only one type in C: if several variables share it, all but the first are in `#if 0`. If not all
 * fit, `next` is the start of the next piece of the file.
 */
export function* variablesAsC(
  table: VariableTable,
  rows: readonly VariableRow[],
  { skip = 0, room = new AnswerRoom() }: NamePart = {},
): Steps<{ text: string; next?: string }> {
  const pieces: string[] = [];
  for (let at = skip; at < rows.length; at++) {
    if (pieces.length > 0 && room.isFull) return { text: pieces.join(''), next: `${at}` };
    const piece = variableAsC(table, rows, at);
    room.take(piece);
    pieces.push(piece);
    yield;
  }
  return { text: pieces.join('') };
}

function variableAsC(table: VariableTable, rows: readonly VariableRow[], number: number): string {
  const { types, declaration, ...variable } = describeWithTypes(table, rows[number]);
  const { section, offset, size, linkage, address, ksymName } = variable;
  const where =
    section === undefined ? '' : `${commentSafe(section)}+0x${(offset ?? 0).toString(16)}, `;
  const at = address === undefined ? '' : `${address}, `;
  const of = rows.length > 1 ? `, ${number + 1} of ${rows.length} of this name` : '';
  const as = ksymName === undefined ? '' : `, ${commentSafe(ksymName)} in the symbols`;
  const text = `/* ${where}${at}${size ?? '?'} bytes, ${linkage}${of}${as} */\n${types}extern ${declaration};\n`;
  return number === 0 ? text : `\n#if 0\n${text}#endif\n`;
}

/** Names of sections and symbols are printable, but may contain the end of a comment. */
function commentSafe(text: string): string {
  return text.replaceAll('*/', '* /');
}
