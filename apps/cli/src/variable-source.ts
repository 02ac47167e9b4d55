import type { DepotClient } from '@btf-depot/client';
import type { Variable, VariableWithTypes } from '@btf-depot/contracts';
import {
  answerVariable,
  DepotError,
  findVariable,
  finish,
  listVariablePage,
  openVariables,
  recognise,
  splitKernel,
  variablesAsBtf,
  variablesAsC,
  type AskedKernel,
  type VariableParts,
  type VariableTable,
} from '@btf-depot/depot';
import { ElfType, readElf } from '@btf-depot/elf';
import { readBtf, readSections } from './btf-file.ts';
import { withUnpackedSource } from './unpacked-source.ts';

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
 * The variables that a file has: a vmlinux, those of its DWARF too; raw BTF, a carrier, split BTF.
 * @param base path of what split BTF stands on.
 */
export async function fileVariables(
  path: string,
  base: string | undefined,
  onUnit?: (done: number, total: number) => void,
): Promise<VariableSource> {
  const parts =
    (base === undefined ? await kernelParts(path, onUnit) : undefined) ??
    (await sectionParts(path, base));
  const table = open(parts, base);
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

/** Of a kernel with debug information, what a depot would make of it; undefined of all else. */
function kernelParts(
  path: string,
  onUnit: ((done: number, total: number) => void) | undefined,
): Promise<VariableParts | undefined> {
  return withUnpackedSource(path, ({ source }) => {
    if (recognise(source) === 'btf') return undefined;
    const elf = readElf(source);
    if (elf.header.type === ElfType.REL || !elf.filled('.debug_info')) return undefined;
    if (!elf.filled('.BTF')) return undefined;
    // The build ID names no part of the answer: a kernel without one has variables, too.
    const options = { buildId: elf.buildId() ?? '00'.repeat(20), extras: ['vars'] as const };
    const { core, vars } = splitKernel({ kernel: source }, options, onUnit);
    return { core: core.bytes, ...(vars && { vars: vars.bytes }) };
  });
}

async function sectionParts(path: string, base: string | undefined): Promise<VariableParts> {
  const found = await readSections(path);
  const sections = new Map(found.map(({ name, bytes }) => [name, bytes]));
  const own = sections.get('.BTF');
  const core = base === undefined ? own : await readBtf(base);
  const vars = sections.get('.BTF.vars') ?? (base === undefined ? undefined : own);
  if (!core) throw new Error(`${path}: no .BTF section; name what it stands on, --base FILE`);
  return { core, ...(vars && { vars }) };
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
