import type { Source } from '@btf-depot/bytes';
import { EXTRA_NAMES, PART_NAMES, type ExtraName, type PartName } from '@btf-depot/contracts';
import { passOverDwarf, type FoundSplit, type Passes } from '@btf-depot/extras';
import { refusing } from '../input-errors.ts';
import type { OnUnit, Parts } from '../split/core-and-variables.ts';
import type { KernelParts } from '../split/split-kernel.ts';
import { inlines } from './inlines.ts';
import { vars } from './vars.ts';
import type { ExtraWork, SplitContext, StoredBytes } from './work.ts';

export type { ExtraWork, StoredBytes };

const ALL = { vars, inlines };

/** The result of splitting for an extra. */
export type PartOf<Name extends ExtraName> = ReturnType<(typeof ALL)[Name]['find']> & object;

/** The results for all extras. */
export type FoundExtras = { [Name in ExtraName]?: PartOf<Name> | undefined };

/** The depot's work for each extra of the contracts; also loaded by worker threads. */
export const WORK: { readonly [Name in ExtraName]: ExtraWork<Name, PartOf<Name>> } = ALL;

/** The passes over DWARF for the wanted extras. */
export function passesFor(
  wanted: readonly ExtraName[],
  context: Pick<SplitContext, 'ofBuild'>,
): Passes {
  return Object.fromEntries(
    wanted.flatMap((name) => {
      const pass = WORK[name].pass?.(context);
      return pass ? [[name, pass] as const] : [];
    }),
  );
}

/** The results of the passes, if the variables did not need DWARF. */
export function besideVariables(
  { base, beside }: Parts,
  dwarf: Source | undefined,
  passes: Passes,
  onUnit: OnUnit | undefined,
): Readonly<Record<string, FoundSplit>> {
  if (beside || !dwarf || Object.keys(passes).length === 0) return beside ?? {};
  return refusing('kernel', () => passOverDwarf(dwarf, base, passes, { onUnit }));
}

/** The wanted extras that were found. */
export function findExtras(
  wanted: readonly ExtraName[],
  context: SplitContext,
  inDwarf: Readonly<Record<string, FoundSplit>>,
): FoundExtras {
  const found = EXTRA_NAMES.filter((name) => wanted.includes(name)).map((name) => [
    name,
    (WORK[name] as ExtraWork<ExtraName, unknown>).find(context, inDwarf[name]),
  ]);
  return Object.fromEntries(found) as FoundExtras;
}

type Stored = Record<PartName, (parts: KernelParts) => StoredBytes | undefined>;

const STORED = Object.assign(
  { core: ({ core }: KernelParts) => core },
  ...EXTRA_NAMES.map((name) => WORK[name].stored),
) as Stored;

/** The bytes of a part in a split. */
export function bytesOfPart(parts: KernelParts, name: PartName): StoredBytes | undefined {
  return STORED[name](parts);
}

/** All bytes of a split to store. */
export function bytesOf(parts: KernelParts): StoredBytes[] {
  return [...PART_NAMES.map((name) => bytesOfPart(parts, name)), parts.given].filter(
    (part) => part !== undefined,
  );
}
