import { EXTRAS, isExtraName, type ExtraName } from './extras/index.ts';
import { BYTES, type PartSpec } from './extras/shapes.ts';
import type { ProblemCode } from './problem.ts';
import type { ExtraEntries, KernelRecord } from './record.ts';

const core = {
  path: ['core'],
  artifact: { name: 'vmlinux.btf', mediaType: BYTES },
  sections: ['.BTF'],
} as const satisfies PartSpec;

type Both<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

type Parts = { core: typeof core } & Both<(typeof EXTRAS)[ExtraName]['parts']>;

/**
 * The one list of what is stored of a kernel, each a blob: core, the extras and their companions.
 * Whatever needs all of them loops over this. Beside it a record has only what it names by file:
 * carriers of the kernel's build, and artifacts.
 */
export const PARTS = Object.assign(
  { core },
  ...Object.values(EXTRAS).map(({ parts }) => parts),
) as Parts;

export type PartName = keyof Parts;

export const PART_NAMES = Object.keys(PARTS) as PartName[];

/** Parts that are published as a file. */
export type PublishedPart = {
  [Name in PartName]: Parts[Name] extends { artifact: unknown } ? Name : never;
}[PartName];

export type PartArtifact = Parts[PublishedPart]['artifact']['name'];

/** The part as it is described to those that do not know which one it is. */
export function partSpec(name: PartName): PartSpec {
  return PARTS[name];
}

export const PUBLISHED_PARTS = PART_NAMES.filter(
  (name) => partSpec(name).artifact,
) as PublishedPart[];

/** What requests for parts are told that a kernel does not have. */
export const MISS_CODES: readonly ProblemCode[] = [
  ...new Set(PART_NAMES.flatMap((name) => partSpec(name).miss?.code ?? [])),
];

/** What a record says of every part. */
export interface StoredPart {
  sha256: string;
  /** Bytes. */
  size: number;
  types?: number | undefined;
  /** What it was found in. */
  origin?: string | undefined;
  from?: string | undefined;
  by?: string | undefined;
  claimed?: true | undefined;
}

/** What a record has of a part. */
export function partOf(record: Partial<KernelRecord>, name: PartName): StoredPart | undefined {
  let value: unknown = record;
  for (const key of PARTS[name].path) {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    value = isThere ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value as StoredPart | undefined;
}

/** Every part that a record has, extras included that a newer version has added. */
export function partsOf(record: Partial<KernelRecord>): Map<string, StoredPart> {
  const known = PART_NAMES.flatMap((name) => {
    const part = partOf(record, name);
    return part ? [[name, part] as const] : [];
  });
  return new Map([...known, ...foreignExtras(record)]);
}

/** The extras that a record has, by their names. */
export function extrasOf(record: Partial<KernelRecord>): Map<string, StoredPart> {
  const known = new Set<string>(PART_NAMES.filter((name) => !isExtraName(name)));
  return new Map([...partsOf(record)].filter(([name]) => !known.has(name)));
}

/** How much a record has of an extra, in the unit that it counts: variables, sites. */
export function amountOf(name: string, part: StoredPart): { what: string; amount: number } {
  // What this version does not know is described as variables are: see `extras` of the record.
  const what = isExtraName(name) ? EXTRAS[name].counts : EXTRAS.vars.counts;
  return { what, amount: Number((part as unknown as Record<string, unknown>)[what]) };
}

/** What a record has of an extra. */
export function extraOf<Name extends ExtraName>(
  record: Partial<KernelRecord>,
  name: Name,
): ExtraEntries[Name] | undefined {
  return partOf(record, name) as ExtraEntries[Name] | undefined;
}

/** The record with this of an extra. */
export function withExtra<Name extends ExtraName>(
  record: KernelRecord,
  name: Name,
  entry: ExtraEntries[Name],
): KernelRecord {
  const next = { ...record, extras: { ...record.extras } };
  setAt(next, PARTS[name].path, entry);
  return next;
}

/** Extras that this version does not know. */
function foreignExtras({ extras = {} }: Partial<KernelRecord>): [string, StoredPart][] {
  const known = new Set<string>(
    PART_NAMES.map((name) => PARTS[name].path).flatMap(([field, name]) =>
      field === 'extras' && name !== undefined ? [name] : [],
    ),
  );
  return Object.entries(extras).filter(([name]) => !known.has(name));
}

/** The record with each part that has marks of its own as `change` gives it back. */
export function withParts(
  record: KernelRecord,
  change: <Part extends StoredPart>(part: Part) => Part,
): KernelRecord {
  const next = structuredClone(record);
  for (const name of PART_NAMES) {
    const { path, of } = partSpec(name);
    const part = of === undefined ? partOf(next, name) : undefined;
    if (part) setAt(next, path, change(part));
  }
  for (const [name, part] of foreignExtras(next)) setAt(next, ['extras', name], change(part));
  return next;
}

function setAt(within: object, [key, ...rest]: readonly string[], value: unknown): void {
  const fields = within as Record<string, unknown>;
  if (rest.length > 0) setAt(fields[key] as object, rest, value);
  else fields[key] = value;
}

/** The part of an ELF section: `.BTF` is core, `.BTF.NAME` an extra or a companion. */
export function partOfSection(section: string): PartName | undefined {
  return PART_NAMES.find((name) => partSpec(name).sections?.includes(section));
}
