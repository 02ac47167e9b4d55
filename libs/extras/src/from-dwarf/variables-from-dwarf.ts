import { FormatError, type Source } from '@btf-depot/bytes';
import {
  addVariable,
  BtfBuilder,
  dedupBtf,
  Kind,
  parseBtf,
  reachable,
  type Btf,
} from '@btf-depot/btf';
import { readDwarf, type DwarfLimits, type Unit } from '@btf-depot/dwarf';
import { readElf } from '@btf-depot/elf';
import { variablesNotIn } from '../attach-variables.ts';
import { variablesBtf, type VariablesBtf } from '../variables-btf.ts';
import { listVariables, type Place, type Variable } from '../variables.ts';
import { CoreIndex } from './core-index.ts';
import type { VariableCoverage } from './coverage.ts';
import { gather } from './gather.ts';
import { checkSameBuild, isShuffled, refuseShuffled } from './refuse.ts';
import { InlinesPass, type InlinesFromDwarf } from '../inlines/inlines-from-dwarf.ts';

export interface VariablesFromDwarfOptions {
  /**
   * Called after each unit, with how many are done and how many there are. What it throws ends
   * the work, and is passed on: this is how to cancel.
   */
  readonly onUnit?: ((done: number, total: number) => void) | undefined;
  readonly limits?: Partial<DwarfLimits & VariablesFromDwarfLimits> | undefined;
  /** Also finds the inlined calls, in the same pass. */
  readonly inlines?: boolean;
}

interface VariablesFromDwarfLimits {
  /** Types that core may lack. */
  readonly types: number;
  /** Inlined calls. */
  readonly sites: number;
  /** Parameters of a function that is inlined. */
  readonly parameters: number;
}

/**
 * What type ids have room for (BTF_MAX_TYPE), four times the inlined calls of a distribution's
 * kernel, and twice the parameters that a C compiler must take (C11, 5.2.4.1).
 */
export const VARIABLES_FROM_DWARF_LIMITS: VariablesFromDwarfLimits = {
  types: 0xfffff,
  sites: 2 ** 21,
  parameters: 254,
};

export interface VariablesFromDwarf extends VariablesBtf {
  readonly coverage: VariableCoverage;
  /** Those among the variables that pahole does not find. */
  readonly beyond: readonly BeyondVariable[];
  /** Where they were wanted. */
  readonly inlines?: InlinesFromDwarf;
}

/** A variable that is there, and that pahole leaves out. */
export interface BeyondVariable {
  readonly name: string;
  /**
   * `completed`: a header declares it with a type of unknown size (`extern int x[];`), by which
   * pahole goes, though the definition says it. `declared`: C only declares it, and the linker
   * script or assembly defines it (`jiffies`).
   */
  readonly why: 'completed' | 'declared';
  /** Not there for what lies over another variable, and so is in no section. */
  readonly place?: Place;
}

/**
 * The variables of a kernel as split BTF on its core, from the DWARF of its vmlinux: those that
 * pahole 1.30 finds with `--btf_features=global_var --lang_exclude=rust`, with the same types,
 * and a few that it does not find (`beyond`). Variables that core has already are not repeated. Core must have been made from the same DWARF: of a named type that it has once,
 * only kind, size, members and their places are compared. One pass over the units, 1 s for a
 * kernel of 2,400, with some 200 MB of memory.
 *
 * Throws FormatError: `btf-base` where core is split BTF or of another byte order, `foreign-core`
 * where it has variables at other places, `randstruct`, `dwarf-none`, `dwarf-relocatable` and
 * what else reading ELF and DWARF throws, `dwarf-nesting`, `dwarf-limit`, `datasec-range`.
 */
export function variablesFromDwarf(
  vmlinux: Source,
  core: Btf,
  options: VariablesFromDwarfOptions = {},
): VariablesFromDwarf {
  const { onUnit, limits = {}, inlines: wantsInlines = false } = options;
  const { elf, dwarf } = openVmlinux(vmlinux, core, limits);
  const index = new CoreIndex(core, dwarf.tables.strings);
  const builder = new BtfBuilder({ base: core });
  const most = { ...VARIABLES_FROM_DWARF_LIMITS, ...limits };
  const pass = wantsInlines ? new InlinesPass({ elf, dwarf, index, most }) : undefined;
  const alongside =
    pass && ((unit: Unit, variable?: (offset: number) => void) => pass.unit(unit, variable));
  const gathered = gather({ elf, dwarf, index, builder, types: most.types, onUnit, alongside });
  const ofCore = listVariables(core);
  checkSameBuild(ofCore, gathered.variables);

  const all = [...gathered.variables, ...gathered.declared];
  const { source, variables } = withEachTypeOnce(core, builder, variablesNotIn(ofCore, all));
  return {
    ...encode(core, source, variables),
    beyond: [...beyond(gathered.completed, 'completed'), ...beyond(gathered.declared, 'declared')],
    coverage: { ...gathered.coverage, inCore: all.length - variables.length },
    ...(pass && { inlines: pass.finish() }),
  };
}

/**
 * The inlined calls of a kernel alone, as split BTF on its core. Options and errors as with
 * variables.
 */
export function inlinesFromDwarf(
  vmlinux: Source,
  core: Btf,
  { onUnit, limits = {} }: Omit<VariablesFromDwarfOptions, 'inlines'> = {},
): InlinesFromDwarf {
  const { elf, dwarf } = openVmlinux(vmlinux, core, limits);
  const most = { ...VARIABLES_FROM_DWARF_LIMITS, ...limits };
  const shuffled = isShuffled(elf);
  const index = new CoreIndex(core, dwarf.tables.strings);
  const pass = new InlinesPass({ elf, dwarf, index, most });
  dwarf.eachUnit((unit) => {
    if (shuffled) refuseShuffled(dwarf, unit);
    pass.unit(unit);
    onUnit?.(unit.index + 1, dwarf.units.length);
  });
  return pass.finish();
}

function openVmlinux(vmlinux: Source, core: Btf, limits: Partial<DwarfLimits>) {
  const elf = readElf(vmlinux);
  if (core.base) throw new FormatError('btf-base', 'core must be standalone BTF');
  if (core.endian !== elf.endian) {
    throw new FormatError('btf-base', `core is ${core.endian} endian, the kernel ${elf.endian}`);
  }
  return { elf, dwarf: readDwarf(elf, vmlinux, { limits }) };
}

function beyond(variables: readonly Variable[], why: BeyondVariable['why']): BeyondVariable[] {
  return variables.map(({ name, place }) => ({ name, why, ...(place && { place }) }));
}

/** The added types without doubles, and the variables with their types there. */
function withEachTypeOnce(core: Btf, builder: BtfBuilder, variables: readonly Variable[]) {
  if (builder.nextId === core.endId) return { source: core, variables };
  const moved = variables.filter(({ type }) => type >= core.endId);
  for (const { name, type, linkage } of moved) addVariable(builder, name, type, linkage);
  const source = parseBtf(dedupBtf(builder.toBtf()), { base: core });
  // The VARs keep their order.
  const types: number[] = [];
  for (let id = core.endId; id < source.endId; id++) {
    if (source.kind(id) === Kind.VAR) types.push(source.sizeOrType(id));
  }
  const newTypes = new Map(moved.map(({ id }, index) => [id, types[index]]));
  return {
    source,
    variables: variables.map((one) => ({ ...one, type: newTypes.get(one.id) ?? one.type })),
  };
}

function encode(core: Btf, source: Btf, variables: readonly Variable[]): VariablesBtf {
  const roots = variables.map(({ type }) => type).filter((id) => id >= core.endId);
  const reached = reachable(source, roots, (id) => id >= core.endId);
  const types: number[] = [];
  const newIds = new Map<number, number>();
  for (let id = core.endId; id < source.endId; id++) {
    if (reached[id] === 0) continue;
    newIds.set(id, core.endId + types.length);
    types.push(id);
  }
  const newId = (id: number): number => newIds.get(id) ?? id;
  return variablesBtf({ base: core, source, variables, types, newId });
}
