import type { Source } from '@btf-depot/bytes';
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
import { hasDwarf } from '@btf-depot/extras';
import { readBtf, sectionsOf } from '../../files/btf-file.ts';
import { withUnpackedSource } from '../../files/unpacked-source.ts';

/** Variables of one kernel, from a depot or a file. */
export interface VariableSource {
  /** @param pattern with * for any characters and ? for one. */
  list(pattern: string): AsyncIterable<Variable>;
  /** All of that name. @throws an error with the names that are near. */
  find(name: string): Promise<VariableWithTypes[]>;
  as(name: string, form: 'c' | 'btf'): Promise<Uint8Array>;
}

export function depotVariables(client: DepotClient, buildId: string): VariableSource {
  return {
    list: (pattern) => client.variables(buildId, pattern),
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
  const core = base === undefined ? undefined : await readBtf(base);
  const parts = await withUnpackedSource(path, ({ source }) =>
    core ? splitParts(source, path, core) : (kernelParts(source, onUnit) ?? ownParts(source, path)),
  );
  const table = open(parts, base);
  const kernel: AskedKernel = { buildId: path, table, hasVars: true };
  return {
    async *list(match) {
      const all = { prefix: '', match, limit: Infinity };
      yield* await Promise.resolve(finish(listVariablePage(kernel, all)).variables);
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
  source: Source,
  onUnit: ((done: number, total: number) => void) | undefined,
): VariableParts | undefined {
  if (recognise(source) === 'btf') return undefined;
  const elf = readElf(source);
  const isKernel = elf.header.type !== ElfType.REL;
  if (!isKernel || !hasDwarf(elf) || !elf.filled('.BTF')) return undefined;
  // The build ID is in no part of the answer: a kernel without one has variables, too.
  const options = { buildId: elf.buildId() ?? '00'.repeat(20), extras: ['vars'] as const };
  const { core, vars } = splitKernel({ kernel: source }, options, onUnit);
  return { core: core.bytes, vars: vars?.bytes };
}

function ownParts(source: Source, path: string): VariableParts {
  const sections = bytesByName(source, path);
  const core = sections.get('.BTF');
  if (!core)
    throw new Error(`${path}: no .BTF section; if it is split BTF, name its base: -B FILE`);
  const vars = sections.get('.BTF.vars');
  return { core, vars };
}

function splitParts(source: Source, path: string, core: Uint8Array): VariableParts {
  const sections = bytesByName(source, path);
  const vars = sections.get('.BTF.vars') ?? sections.get('.BTF');
  return { core, vars };
}

function bytesByName(source: Source, path: string): Map<string, Uint8Array> {
  return new Map(sectionsOf(source, path).map(({ name, bytes }) => [name, bytes]));
}

function open(parts: VariableParts, base: string | undefined): VariableTable {
  try {
    return openVariables(parts);
  } catch (error) {
    if (base !== undefined || !(error instanceof DepotError)) throw error;
    const hint = 'if this is split BTF, name its base: -B FILE';
    throw new DepotError(error.code, `${error.message}; ${hint}`, { cause: error });
  }
}

/** What it throws is the promise's. */
function attempt<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => resolve(work()));
}
