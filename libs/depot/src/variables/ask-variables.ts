import type { ResolveAnswer, VariableAnswer, VariablePage } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { describeVariable, describeWithTypes } from './describe-variable.ts';
import { nearNames } from './near-names.ts';
import type { VariableRow, VariableTable } from './variable-table.ts';

/** The kernel whose variables are asked for. */
export interface AskedKernel {
  buildId: string;
  table: VariableTable;
  /** Whether the kernel came with variables beyond those of core. */
  hasVars: boolean;
}

/**
 * The variables of one name.
 * @throws DepotError `unknown-variable` with the names that are near, `no-vars`.
 */
export function findVariable(
  { table, hasVars, buildId }: AskedKernel,
  name: string,
): VariableRow[] {
  const rows = table.find(name);
  if (rows.length > 0) return rows;
  if (!hasVars) {
    throw new DepotError('no-vars', `${buildId} came without variables, and core has no ${name}`);
  }
  const suggestions = nearNames(table.names, name);
  const near = suggestions.length > 0 ? `; near it: ${suggestions.join(', ')}` : '';
  throw new DepotError('unknown-variable', `${buildId} has no variable ${name}${near}`, {
    members: { suggestions },
  });
}

/** One name: all variables that have it. @throws as `findVariable`. */
export function answerVariable(kernel: AskedKernel, name: string): VariableAnswer {
  const rows = findVariable(kernel, name);
  const variables = rows.map((row) => describeWithTypes(kernel.table, row));
  return { buildId: kernel.buildId, name, variables };
}

/** Many names at once; what is missing does not spoil the rest. */
export function resolveVariables(kernel: AskedKernel, names: readonly string[]): ResolveAnswer {
  const { buildId, table } = kernel;
  const answer: ResolveAnswer = { buildId, found: [], missing: [] };
  for (const name of new Set(names)) {
    const rows = table.find(name);
    if (rows.length > 0) {
      answer.found.push({ name, variables: rows.map((row) => describeWithTypes(table, row)) });
    } else {
      answer.missing.push({ name, suggestions: nearNames(table.names, name) });
    }
  }
  return answer;
}

/** A page's start: a name, and how many of that name came before. */
const PAGE = /^([^~]{1,512})~(\d{1,6})$/;

/**
 * Variables whose names begin with `prefix`, in the order of names.
 * @param page the `next` of the page before.
 * @throws DepotError `bad-query` for a page that no answer named.
 */
export function listVariablePage(
  { buildId, table }: AskedKernel,
  { prefix, limit, page }: { prefix: string; limit: number; page?: string },
): VariablePage {
  const { names } = table;
  let at = seek(names, prefix);
  let skip = 0;
  if (page !== undefined) {
    const [, name, skipped] = PAGE.exec(page) ?? [];
    if (name === undefined) throw new DepotError('bad-query', 'page: not one that was given');
    at = Math.max(at, seek(names, name));
    if (names[at] === name) skip = Number(skipped);
  }
  const variables = [];
  for (; at < names.length && names[at].startsWith(prefix); at++, skip = 0) {
    for (const row of table.find(names[at]).slice(skip)) {
      if (variables.length === limit) {
        return { buildId, variables, next: `${names[at]}~${skip}` };
      }
      variables.push(describeVariable(table, row));
      skip++;
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
