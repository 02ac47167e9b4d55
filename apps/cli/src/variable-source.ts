import type { DepotClient } from '@btf-depot/client';
import type { Variable, VariableWithTypes } from '@btf-depot/contracts';
import {
  answerVariable,
  DepotError,
  findVariable,
  finish,
  listVariablePage,
  openVariables,
  variablesAsBtf,
  variablesAsC,
  type AskedKernel,
  type VariableParts,
  type VariableTable,
} from '@btf-depot/depot';
import { readBtf, readSections } from './btf-file.ts';

/** Variables of one kernel, from a depot or a file. */
export interface VariableSource {
  list(prefix: string): AsyncIterable<Variable>;
  /** All of that name. @throws an error with the names that are near. */
  find(name: string): Promise<VariableWithTypes[]>;
  as(name: string, form: 'c' | 'btf'): Promise<Uint8Array>;
}

export function depotVariables(client: DepotClient, buildId: string): VariableSource {
  return {
    list: (prefix) => client.variables(buildId, prefix),
    find: async (name) => (await client.variable(buildId, name)).variables,
    as: (name, form) => client.variableAs(buildId, name, form),
  };
}

/**
 * The variables that a file has: vmlinux or raw BTF, a carrier (also compressed), split BTF.
 * @param base path of what split BTF stands on.
 */
export async function fileVariables(path: string, base?: string): Promise<VariableSource> {
  const found = await readSections(path);
  const sections = new Map(found.map(({ name, bytes }) => [name, bytes]));
  const own = sections.get('.BTF');
  const core = base === undefined ? own : await readBtf(base);
  const vars = sections.get('.BTF.vars') ?? (base === undefined ? undefined : own);
  if (!core) throw new Error(`${path}: no .BTF section; name what it stands on, --base FILE`);
  const table = open({ core, ...(vars && { vars }) }, base);
  const kernel: AskedKernel = { buildId: path, table, hasVars: true };
  return {
    async *list(prefix) {
      const limit = Infinity;
      yield* await Promise.resolve(finish(listVariablePage(kernel, { prefix, limit })).variables);
    },
    find: (name) => attempt(() => finish(answerVariable(kernel, name)).variables),
    as: (name, form) =>
      attempt(() => {
        const rows = findVariable(kernel, name);
        if (form === 'btf') return finish(variablesAsBtf(table, rows));
        return new TextEncoder().encode(finish(variablesAsC(table, rows)).text);
      }),
  };
}

function open(parts: VariableParts, base: string | undefined): VariableTable {
  try {
    return openVariables(parts);
  } catch (error) {
    if (base !== undefined || !(error instanceof DepotError)) throw error;
    const hint = 'where this is split BTF, name what it stands on: --base FILE';
    throw new DepotError(error.code, `${error.message}; ${hint}`, { cause: error });
  }
}

/** What it throws is the promise's. */
function attempt<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => resolve(work()));
}
