import {
  EXTRA_NAMES,
  PART_NAMES,
  type EXTRAS,
  type ExtraName,
  type PartName,
} from '@btf-depot/contracts';
import type { KernelParts } from '../split/split-kernel.ts';
import { inlines } from './inlines.ts';
import { vars } from './vars.ts';
import type { ExtraWork, FoundExtras, SplitContext, StoredBytes } from './work.ts';

export type { ExtraWork, FoundExtras, StoredBytes };

/** Of each extra of the contracts what the depot does with it; also loaded by worker threads. */
export const WORK: { readonly [Name in ExtraName]: ExtraWork<Name> } = { vars, inlines };

/** The extras that are wanted, as far as they are found. */
export function findExtras(wanted: readonly ExtraName[], context: SplitContext): FoundExtras {
  const found = EXTRA_NAMES.filter((name) => wanted.includes(name)).map((name) => [
    name,
    WORK[name].find(context),
  ]);
  return Object.fromEntries(found) as FoundExtras;
}

type Stored = Record<PartName, (parts: KernelParts) => StoredBytes | undefined>;

const STORED = Object.assign(
  { core: ({ core }: KernelParts) => core },
  ...EXTRA_NAMES.map((name): ExtraWork<keyof typeof EXTRAS>['stored'] => WORK[name].stored),
) as Stored;

/** What a split has of a part. */
export function bytesOfPart(parts: KernelParts, name: PartName): StoredBytes | undefined {
  return STORED[name](parts);
}

/** Everything that a split has to be stored. */
export function bytesOf(parts: KernelParts): StoredBytes[] {
  return [...PART_NAMES.map((name) => bytesOfPart(parts, name)), parts.given].filter(
    (part) => part !== undefined,
  );
}
