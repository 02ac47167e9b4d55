import { parseBtf } from '@btf-depot/btf';
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
  type OnUnit,
  type VariableParts,
  type VariableTable,
} from '@btf-depot/depot';
import { ElfType, readElf } from '@btf-depot/elf';
import { hasDwarf } from '@btf-depot/extras';
import { readBtf, refuseDistilled, refuseForeignBase, sectionsOf } from '../../files/btf-file.ts';
import { splitFiles } from '../../files/split-files.ts';
import { withUnpackedSource } from '../../files/unpacked-source.ts';

/** Variables of one kernel, from a depot or a file. */
export interface VariableSource {
  /** @param pattern with * for any characters and ? for one. */
  list(pattern: string): AsyncIterable<Variable>;
  /** All variables of that name. @throws an error with similar names. */
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
 * The variables of a file: a vmlinux, including those of its DWARF; raw BTF, a carrier, split BTF.
 * @param base path of the base of split BTF.
 */
export async function fileVariables(
  path: string,
  base: string | undefined,
  onUnit?: OnUnit,
): Promise<VariableSource> {
  const core = base === undefined ? undefined : await readBtf(base);
  const parts = await withUnpackedSource(path, ({ source, isInside }) => {
    if (core) return splitParts(source, path, core);
    if (!isKernel(source)) return ownParts(source, path);
    return isInside
      ? packedParts(path, onUnit)
      : (kernelParts(source, onUnit) ?? ownParts(source, path));
  });
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

function isKernel(source: Source): boolean {
  return recognise(source) === 'elf' && readElf(source).header.type !== ElfType.REL;
}

/** For a kernel in a package or an archive, whose debug information may lie beside it. */
async function packedParts(path: string, onUnit: OnUnit | undefined): Promise<VariableParts> {
  const { parts } = await splitFiles({ kernel: path }, { extras: ['vars'] }, onUnit);
  return { core: parts.core.bytes, vars: parts.vars?.bytes };
}

/**
 * For a kernel with debug information, the parts that a depot would make; undefined for all else.
 */
function kernelParts(source: Source, onUnit: OnUnit | undefined): VariableParts | undefined {
  const elf = readElf(source);
  if (!hasDwarf(elf) || !elf.filled('.BTF')) return undefined;
  // The answer does not contain the build ID: a kernel without one has variables, too.
  const options = { buildId: elf.buildId() ?? '00'.repeat(20), extras: ['vars'] as const };
  const { core, vars } = splitKernel({ kernel: source }, options, onUnit);
  return { core: core.bytes, vars: vars?.bytes };
}

function ownParts(source: Source, path: string): VariableParts {
  const sections = bytesByName(source, path);
  refuseDistilled(path, sections);
  const core = sections.get('.BTF');
  if (!core)
    throw new Error(`${path}: no .BTF section; if it is split BTF, name its base with -B FILE`);
  const vars = sections.get('.BTF.vars');
  return { core, vars };
}

async function splitParts(source: Source, path: string, core: Uint8Array): Promise<VariableParts> {
  const sections = bytesByName(source, path);
  refuseDistilled(path, sections);
  const vars = sections.get('.BTF.vars') ?? sections.get('.BTF');
  if (vars) await refuseForeignBase(path, vars, parseBtf(core, { section: 'base' }));
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
    const hint = 'if this is split BTF, name its base with -B FILE';
    throw new DepotError(error.code, `${error.message}; ${hint}`, { cause: error });
  }
}

/** Errors become rejections of the promise. */
function attempt<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => resolve(work()));
}
