import { FormatError, type Source } from '@btf-depot/bytes';
import type { Btf } from '@btf-depot/btf';
import { readDwarf, type Dwarf, type DwarfLimits, type Unit } from '@btf-depot/dwarf';
import { readElf, type Elf } from '@btf-depot/elf';
import { CoreIndex } from './types/core-index.ts';
import { FROM_DWARF_LIMITS, type FromDwarfLimits } from './limits.ts';
import { isShuffled, refuseShuffled } from './refuse.ts';

export interface PassOptions {
  /**
   * Called after each unit with the number of finished units and of all. An error that it throws
   * ends the work and is passed on: use it to cancel.
   */
  readonly onUnit?: ((done: number, total: number) => void) | undefined;
  readonly limits?: Partial<DwarfLimits & FromDwarfLimits> | undefined;
}

export interface PassInput {
  readonly elf: Elf;
  readonly dwarf: Dwarf;
  readonly index: CoreIndex;
  readonly most: FromDwarfLimits;
}

/** The result of a pass: split BTF on core, and its report. */
export interface FoundSplit {
  readonly bytes: Uint8Array;
}

/** Finds one thing while DWARF is read unit by unit. */
export interface UnitPass<Found extends FoundSplit> {
  /**
   * The pass visits the top level of units, and calls `variable` with the offset of each variable
   * there: variables then need no walk of their own.
   */
  readonly walks?: true;
  unit(unit: Unit, variable?: (offset: number) => void): void;
  finish(): Found;
}

/** Passes that share one reading of DWARF, by the name of their result. */
export type Passes = Readonly<Record<string, (input: PassInput) => UnitPass<FoundSplit>>>;

export type FoundBy<All extends Passes> = {
  readonly [Name in keyof All]: ReturnType<ReturnType<All[Name]>['finish']>;
};

/** Passes that have begun. */
export interface Running<All extends Passes> {
  /** Passes a unit to all of them. @returns whether `variable` was called for its variables. */
  unit(unit: Unit, variable?: (offset: number) => void): boolean;
  finish(): FoundBy<All>;
}

export function startPasses<All extends Passes>(passes: All, input: PassInput): Running<All> {
  const started = Object.entries(passes).map(([name, start]) => [name, start(input)] as const);
  const walker = started.find(([, pass]) => pass.walks)?.[1];
  return {
    unit(unit, variable) {
      for (const [, pass] of started) pass.unit(unit, pass === walker ? variable : undefined);
      return walker !== undefined;
    },
    finish: () =>
      Object.fromEntries(started.map(([name, pass]) => [name, pass.finish()])) as FoundBy<All>,
  };
}

/**
 * The results of the passes over the DWARF of a kernel, without its variables. Core must have been
 * made from the same DWARF. Throws FormatError: `btf-base`, `randstruct`, and errors of reading
 * DWARF.
 */
export function passOverDwarf<All extends Passes>(
  vmlinux: Source,
  core: Btf,
  passes: All,
  { onUnit, limits = {} }: PassOptions = {},
): FoundBy<All> {
  const input = openVmlinux(vmlinux, core, limits);
  const { elf, dwarf } = input;
  const shuffled = isShuffled(elf);
  const running = startPasses(passes, input);
  dwarf.eachUnit((unit) => {
    if (shuffled) refuseShuffled(dwarf, unit);
    running.unit(unit);
    onUnit?.(unit.index + 1, dwarf.units.length);
  });
  return running.finish();
}

/** @throws FormatError `btf-base` for a core that is split BTF, or of another byte order. */
export function openVmlinux(
  vmlinux: Source,
  core: Btf,
  limits: PassOptions['limits'] & object,
): PassInput {
  const elf = readElf(vmlinux);
  if (core.base) throw new FormatError('btf-base', 'core must be standalone BTF');
  if (core.endian !== elf.endian) {
    throw new FormatError('btf-base', `core is ${core.endian} endian, the kernel ${elf.endian}`);
  }
  const dwarf = readDwarf(elf, vmlinux, { limits });
  const index = new CoreIndex(core, dwarf.tables.strings);
  return { elf, dwarf, index, most: { ...FROM_DWARF_LIMITS, ...limits } };
}
