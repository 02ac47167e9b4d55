import type { ResolveAnswer, VariableAnswer, VariablePage } from '@btf-depot/contracts';
import { AnswerRoom, type Steps } from '../answer-room.ts';
import { DepotError } from '../../errors.ts';
import { SEND_DEBUG_INFORMATION } from '../missing-part.ts';
import { NamePattern } from '../name-pattern.ts';
import { describeVariable, describeWithTypes } from './describe-variable.ts';
import type { VariableRow, VariableTable } from './variable-table.ts';

/** The kernel of a question about variables. */
export interface AskedKernel {
  buildId: string;
  table: VariableTable;
  /** Whether the kernel came with variables beyond those of core. */
  hasVars: boolean;
}

/** The range of variables of one name. */
export interface NamePart {
  /** Variables on the pages before. */
  skip?: number | undefined;
  room?: AnswerRoom | undefined;
}

/**
 * The variables of one name.
 * @throws DepotError `unknown-variable` with similar names, `no-vars`.
 */
export function findVariable(
  { table, hasVars, buildId }: AskedKernel,
  name: string,
): readonly VariableRow[] {
  const rows = table.find(name);
  if (rows.length > 0) return rows;
  if (!hasVars) {
    throw new DepotError(
      'no-vars',
      `${buildId} came without variables, and core has no ${name}; ${SEND_DEBUG_INFORMATION}`,
    );
  }
  const suggestions = table.nearNames(name);
  const near = suggestions.length > 0 ? `; near it: ${suggestions.join(', ')}` : '';
  throw new DepotError('unknown-variable', `${buildId} has no variable ${name}${near}`, {
    members: { suggestions },
  });
}

/**
 * The variables of one name; `next` if not all fitted.
 * @throws as `findVariable`.
 */
export function* answerVariable(
  kernel: AskedKernel,
  name: string,
  { skip = 0, room = new AnswerRoom() }: NamePart = {},
): Steps<VariableAnswer> {
  const rows = findVariable(kernel, name);
  const { variables, next } = yield* described(kernel.table, rows, skip, room);
  return { buildId: kernel.buildId, name, variables, ...next };
}

/**
 * Resolves many names at once; missing ones do not affect the rest. If not all fit, `next` is the
 * number of names in the answer.
 */
export function* resolveVariables(
  kernel: AskedKernel,
  names: readonly string[],
  room = new AnswerRoom(),
): Steps<ResolveAnswer> {
  const { buildId, table } = kernel;
  const answer: ResolveAnswer = { buildId, found: [], missing: [] };
  const seen = new Set<string>();
  for (const [at, name] of names.entries()) {
    if (seen.has(name)) continue;
    if (seen.size > 0 && room.isFull) return { ...answer, next: at };
    seen.add(name);
    const rows = table.find(name);
    if (rows.length > 0) {
      const { variables, next } = yield* described(table, rows, 0, room);
      answer.found.push({ name, variables, ...next });
    } else {
      const suggestions = table.nearNames(name);
      room.take(name, ...suggestions);
      answer.missing.push({ name, suggestions });
      yield;
    }
  }
  return answer;
}

/** Rows from `skip` on, at least one, as long as there is room. */
function* described(
  table: VariableTable,
  rows: readonly VariableRow[],
  skip: number,
  room: AnswerRoom,
): Steps<Pick<VariableAnswer, 'variables'> & { next: { next?: string } }> {
  const variables = [];
  for (let at = skip; at < rows.length; at++) {
    if (variables.length > 0 && room.isFull) return { variables, next: { next: `${at}` } };
    const variable = describeWithTypes(table, rows[at]);
    room.take(variable.name, variable.section, variable.declaration, variable.types);
    variables.push(variable);
    yield;
  }
  return { variables, next: {} };
}

/** Non-matching names skipped in one step: some tens of microseconds. */
const NAMES_PER_STEP = 64;

/** Start of a page: a name, and the number of its variables on earlier pages. */
const PAGE = /^([^~]{1,512})~(\d{1,6})$/;

/** The filter and the limit of a list. */
export interface VariableList {
  /** Prefix of their names. */
  prefix: string;
  /** Pattern of their names, in addition: see NamePattern. */
  match?: string | undefined;
  limit: number;
  /** The `next` of the previous page. */
  page?: string | undefined;
}

/**
 * Variables in the order of their names; fewer than `limit` if no more fit.
 * @throws DepotError `bad-query` for a page that no answer named.
 */
export function* listVariablePage(
  { buildId, table }: AskedKernel,
  { prefix, match = '*', limit, page }: VariableList,
  room = new AnswerRoom(),
): Steps<VariablePage> {
  const { names } = table;
  const pattern = new NamePattern(match);
  const beginning = pattern.prefix.length > prefix.length ? pattern.prefix : prefix;
  let at = seek(names, beginning);
  let skip = 0;
  if (page !== undefined) {
    const [, name, skipped] = PAGE.exec(page) ?? [];
    if (name === undefined)
      throw new DepotError('bad-query', 'page: expected the value of next from an answer');
    at = Math.max(at, seek(names, name));
    if (names[at] === name) skip = Number(skipped);
  }
  const variables = [];
  for (; at < names.length && names[at].startsWith(beginning); at++, skip = 0) {
    if (!names[at].startsWith(prefix) || !pattern.fits(names[at])) {
      if (at % NAMES_PER_STEP === 0) yield;
      continue;
    }
    const rows = table.find(names[at]);
    for (; skip < rows.length; skip++) {
      if (variables.length === limit || (variables.length > 0 && room.isFull)) {
        return { buildId, variables, next: `${names[at]}~${skip}` };
      }
      const variable = describeVariable(table, rows[skip]);
      room.take(variable.name, variable.section, variable.declaration);
      variables.push(variable);
      yield;
    }
  }
  return { buildId, variables };
}

/** The first of the sorted names that is `name` or later. */
function seek(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle] < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
