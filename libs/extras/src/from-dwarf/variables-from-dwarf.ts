import type { Source } from '@btf-depot/bytes';
import {
  addVariable,
  BtfBuilder,
  dedupBtf,
  Kind,
  parseBtf,
  reachable,
  type Btf,
} from '@btf-depot/btf';
import { variablesNotIn } from '../variables/attach-variables.ts';
import { variablesBtf, type VariablesBtf } from '../variables/variables-btf.ts';
import { listVariables, type Place, type Variable } from '../variables/variables.ts';
import type { VariableCoverage } from './coverage.ts';
import { typedVariables } from './typed-variables.ts';
import { checkSameBuild } from './refuse.ts';
import {
  openVmlinux,
  startPasses,
  type FoundBy,
  type Passes,
  type PassOptions,
} from './unit-pass.ts';

export interface VariablesFromDwarfOptions<Beside extends Passes = Passes> extends PassOptions {
  /** Further results of the same reading of DWARF. */
  readonly beside?: Beside | undefined;
}

export interface VariablesFromDwarf<Beside extends Passes = Passes> extends VariablesBtf {
  readonly coverage: VariableCoverage;
  /** Variables that pahole does not find. */
  readonly beyond: readonly BeyondVariable[];
  readonly beside: FoundBy<Beside>;
}

/** A variable that exists, and that pahole leaves out. */
export interface BeyondVariable {
  readonly name: string;
  /**
   * `completed`: a header declares it with a type of unknown size (`extern int x[];`), which pahole
   * uses although the definition has the size. `declared`: C only declares it, and the linker
   * script or assembly defines it (`jiffies`).
   */
  readonly why: 'completed' | 'declared';
  /** Absent if it overlaps another variable, and so is in no section. */
  readonly place?: Place | undefined;
}

/**
 * The variables of a kernel as split BTF on its core, from the DWARF of its vmlinux: those that
 * pahole 1.30 finds with `--btf_features=global_var --lang_exclude=rust`, with the same types, and
 * a few more (`beyond`). Variables that core has already are not repeated. Core must have been made
 * from the same DWARF: for a named type that it has once, only kind, size, members and their
 * offsets are compared. One pass over the units takes 1 s for a kernel of 2,400, and some 200 MB of
 * memory.
 *
 * Throws FormatError: `btf-base` if core is split BTF or of another byte order, `foreign-core` if
 * it has variables at other places, `randstruct`, `dwarf-none`, `dwarf-relocatable` and other
 * errors of reading ELF and DWARF, `dwarf-nesting`, `dwarf-limit`, `datasec-range`.
 */
// No passes are an object without members.
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type
export function variablesFromDwarf<Beside extends Passes = Record<never, never>>(
  vmlinux: Source,
  core: Btf,
  options: VariablesFromDwarfOptions<Beside> = {},
): VariablesFromDwarf<Beside> {
  const { onUnit, limits = {}, beside } = options;
  const input = openVmlinux(vmlinux, core, limits);
  const builder = new BtfBuilder({ base: core });
  const passes = startPasses(beside ?? ({} as Beside), input);
  const typed = typedVariables({ ...input, builder, onUnit, alongside: passes });
  const ofCore = listVariables(core);
  checkSameBuild(ofCore, typed.variables);

  const all = [...typed.variables, ...typed.declared];
  const { source, variables } = withEachTypeOnce(core, builder, variablesNotIn(ofCore, all));
  return {
    ...encode(core, source, variables),
    beyond: [...beyond(typed.completed, 'completed'), ...beyond(typed.declared, 'declared')],
    coverage: { ...typed.coverage, inCore: all.length - variables.length },
    beside: passes.finish(),
  };
}

function beyond(variables: readonly Variable[], why: BeyondVariable['why']): BeyondVariable[] {
  return variables.map(({ name, place }) => ({ name, why, place }));
}

/** The added types without duplicates, and the variables with their types there. */
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
