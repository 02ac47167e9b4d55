import type { Source } from '@btf-depot/bytes';
import { formatFault, mergeBtf, parseBtf, verifyBtf, type Btf } from '@btf-depot/btf';
import {
  attachVariables,
  partition,
  uniteVariables,
  variablesFromDwarf,
  type FoundSplit,
  type Partition,
  type Passes,
  type VariablesFromDwarf,
  type VariablesFromDwarfOptions,
} from '@btf-depot/extras';
import { DepotError } from '../errors.ts';
import { refusing } from '../input-errors.ts';
import { splitPart, type CorePart, type VariablesPart } from './split-part.ts';

export type OnUnit = NonNullable<VariablesFromDwarfOptions['onUnit']>;

/** The sources of a kernel's core and variables. */
export interface Origins {
  /** The kernel's own BTF, or its substitute. */
  base: Btf;
  /** `base` is the kernel's own. */
  isOwn: boolean;
  /** BTF with variables beside it. */
  full?: Btf | undefined;
  /** A vmlinux with DWARF. */
  dwarf?: Source | undefined;
  /** The kernel registers `base` itself: it stays as it is. */
  keepsCore: boolean;
  /** Other passes over DWARF. */
  passes: Passes;
  onUnit?: OnUnit | undefined;
}

export interface Parts {
  core: CorePart;
  vars?: VariablesPart | undefined;
  base: Btf;
  /** The results of the passes on this core; absent: DWARF was not read for it. */
  beside?: Readonly<Record<string, FoundSplit>> | undefined;
}

/** Core and variables. DWARF is read for variables that no BTF has. */
export function coreAndVariables(origins: Origins): Parts {
  const { base, full, dwarf, keepsCore, passes, onUnit } = origins;
  const readDwarf = (core: Btf, beside?: Passes) =>
    dwarf && refusing('kernel', () => variablesFromDwarf(dwarf, core, { beside, onUnit }));
  if (full) return attached(base, full, () => readDwarf(base, passes));
  if (!keepsCore) return partitioned(origins, readDwarf);
  const found = readDwarf(base, passes);
  if (found) checkMade('variables', found.bytes, base);
  const vars = found && variablesPart(found, 'dwarf');
  return { ...verbatim(base), vars, beside: found?.beside };
}

/** Core as it is, without extras. */
export function verbatim(base: Btf): Parts {
  return { base, core: { ...splitPart(base.bytes, base.typeCount), origin: 'verbatim' } };
}

function attached(base: Btf, full: Btf, readDwarf: () => VariablesFromDwarf | undefined): Parts {
  const found = refusing('full', () => attachVariables(base, full));
  const more = readDwarf();
  const vars = united(base, found, more);
  checkMade('variables', vars.bytes, base);
  return { ...verbatim(base), vars: variablesPart(vars, 'full'), beside: more?.beside };
}

/**
 * Variables of a full BTF, and those that only DWARF has: pahole leaves out variables that C only
 * declares and the linker script defines, such as `swapper_pg_dir`.
 */
function united(core: Btf, found: Found, more: VariablesFromDwarf | undefined): Found {
  if (!more) return found;
  const both = uniteVariables(core, found.bytes, more.bytes);
  const { bytes, types, variables } = both ?? found;
  const dwarf = both?.added ?? 0;
  const origins = { full: variables - dwarf, dwarf };
  return { bytes, types, variables, coverage: { ...more.coverage, origins } };
}

/** A BTF without variables (older paholes write none) gets those of DWARF first. */
function partitioned(
  { base: whole, isOwn }: Origins,
  readDwarf: (core: Btf) => VariablesFromDwarf | undefined,
): Parts {
  const given = refusing('kernel', () => partition(whole));
  if (given.origin === 'partition') {
    const { core, vars } = given;
    // Built-in BTF is taken as it is.
    const all = isOwn ? vars : united(core, vars, readDwarf(core));
    if (all.bytes === vars.bytes) return partsOf(given, { ...all, origin: 'partition' });
    const split = partition(parseBtf(mergeBtf(parseBtf(all.bytes, { base: core }))));
    return partsOf(split, { ...all, origin: 'partition' });
  }
  const found = readDwarf(whole);
  if (!found) return partsOf(given);
  const split = partition(parseBtf(mergeBtf(parseBtf(found.bytes, { base: whole }))));
  return partsOf(split, { ...found, origin: 'dwarf' });
}

/** The parts of a partition. @param about variables. */
export function partsOf(
  split: Partition,
  about?: Pick<VariablesPart, 'origin' | 'coverage'>,
): Parts {
  const { core, origin } = split;
  const parts: Parts = { base: core, core: { ...splitPart(core.bytes, core.typeCount), origin } };
  if (split.origin === 'verbatim' || !about) return parts;
  const { vars } = split;
  checkMade('core', core.bytes);
  checkMade('variables', vars.bytes, core);
  const { coverage } = about;
  return { ...parts, vars: variablesPart({ ...vars, coverage }, about.origin) };
}

/**
 * Checks parts made here by the rules of the newest kernel: a kernel registers none of them but
 * ksyms, which are checked by its own version.
 * @throws DepotError `bad-btf` with the type.
 */
function checkMade(what: string, bytes: Uint8Array, base?: Btf): void {
  const [fault] = verifyBtf(bytes, base ? { base } : {});
  if (!fault) return;
  throw new DepotError('bad-btf', `${what} made of the kernel: ${formatFault(fault)}`);
}

type Found = Pick<VariablesPart, 'bytes' | 'types' | 'variables' | 'coverage'>;

function variablesPart(
  { bytes, types, variables, coverage }: Found,
  origin: VariablesPart['origin'],
): VariablesPart {
  return { ...splitPart(bytes, types), variables, origin, coverage };
}
