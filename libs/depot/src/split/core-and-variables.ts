import type { Source } from '@btf-depot/bytes';
import { formatFault, mergeBtf, parseBtf, verifyBtf, type Btf } from '@btf-depot/btf';
import type { Delivery } from '@btf-depot/contracts';
import {
  attachVariables,
  partition,
  variablesFromDwarf,
  type InlinesFromDwarf,
  type VariablesFromDwarf,
  type VariablesFromDwarfOptions,
} from '@btf-depot/extras';
import { DepotError } from '../errors.ts';
import { refusing } from '../input-errors.ts';
import { sha256Of } from '../sha256.ts';
import type { CorePart, SplitPart, VariablesPart } from './split-part.ts';

export type OnUnit = NonNullable<VariablesFromDwarfOptions['onUnit']>;

/** Where a kernel's core and variables come from. */
export interface Origins {
  /** The kernel's own BTF, or the one that stands for it. */
  base: Btf;
  /** BTF with variables beside it. */
  full?: Btf | undefined;
  /** A vmlinux with DWARF. */
  dwarf?: Source | undefined;
  delivery: Delivery;
  /** Inlined calls are wanted, where they come of the same pass over DWARF. */
  inlines: boolean;
  onUnit?: OnUnit | undefined;
}

export interface Parts {
  core: CorePart;
  vars?: VariablesPart | undefined;
  base: Btf;
  /** On this core, where the variables' pass over DWARF found them. */
  inlines?: InlinesFromDwarf | undefined;
}

/** Core and variables. DWARF is read where no BTF has variables. */
export function coreAndVariables({ base, full, dwarf, delivery, inlines, onUnit }: Origins): Parts {
  const readDwarf = (core: Btf, options: VariablesFromDwarfOptions = {}) =>
    dwarf &&
    refusing('kernel', () =>
      variablesFromDwarf(dwarf, core, { ...options, ...(onUnit && { onUnit }) }),
    );
  if (full) return attached(base, full);
  if (delivery === 'module') return partitioned(base, readDwarf);
  const found = readDwarf(base, { inlines });
  if (found) checkMade('variables', found.bytes, base);
  return {
    ...verbatim(base),
    ...(found && { vars: variablesPart(found, 'dwarf') }),
    ...(found?.inlines && { inlines: found.inlines }),
  };
}

/** Core as it is, without extras. */
export function verbatim(base: Btf): Parts {
  return { base, core: { ...part(base.bytes, base.typeCount), origin: 'verbatim' } };
}

function attached(base: Btf, full: Btf): Parts {
  const found = refusing('full', () => attachVariables(base, full));
  return { ...verbatim(base), vars: variablesPart(found, 'full') };
}

/** A BTF without variables (older paholes write none) gets those of DWARF first. */
function partitioned(whole: Btf, readDwarf: (core: Btf) => VariablesFromDwarf | undefined): Parts {
  const given = refusing('kernel', () => partition(whole));
  const found = given.origin === 'verbatim' ? readDwarf(whole) : undefined;
  const split = found
    ? partition(parseBtf(mergeBtf(parseBtf(found.bytes, { base: whole }))))
    : given;
  const { origin, core } = split;
  if (origin === 'partition') {
    checkMade('core', core.bytes);
    checkMade('variables', split.vars.bytes, core);
  }
  return {
    base: core,
    core: { ...part(core.bytes, core.typeCount), origin },
    ...(split.origin === 'partition' && {
      vars: variablesPart(
        { ...split.vars, ...(found && { coverage: found.coverage }) },
        found ? 'dwarf' : 'partition',
      ),
    }),
  };
}

/**
 * What is made here keeps the rules that a kernel checks; those of the newest, because a kernel
 * registers none of these parts but ksyms, which are held against its own version.
 * @throws DepotError `bad-btf` that names the type.
 */
function checkMade(what: string, bytes: Uint8Array, base?: Btf): void {
  const [fault] = verifyBtf(bytes, base ? { base } : {});
  if (!fault) return;
  throw new DepotError('bad-btf', `${what} made of the kernel: ${formatFault(fault)}`);
}

type Found = Pick<VariablesFromDwarf, 'bytes' | 'types' | 'variables'> &
  Partial<Pick<VariablesFromDwarf, 'coverage'>>;

function variablesPart(
  { bytes, types, variables, coverage }: Found,
  origin: VariablesPart['origin'],
): VariablesPart {
  return { ...part(bytes, types), variables, origin, ...(coverage && { coverage }) };
}

function part(bytes: Uint8Array, types: number): SplitPart {
  return { bytes, sha256: sha256Of(bytes), types };
}
