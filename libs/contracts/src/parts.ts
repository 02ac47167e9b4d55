import { EXTRAS, isExtraName, type ExtraName } from './extras/index.ts';
import { BYTES, type PartSpec } from './extras/shapes.ts';
import type { ProblemCode } from './problem.ts';
import type { KernelRecord } from './record/record.ts';

const core = {
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
 * The one list of stored parts of a kernel, each a blob: core, the extras and their companions.
 * Code that needs all parts loops over it. Beside them a record only has files by name: carriers of
 * the kernel's build, and artifacts.
 */
export const PARTS = Object.assign(
  { core },
  ...Object.values(EXTRAS).map(({ parts }) => parts),
) as Parts;

export type PartName = keyof Parts;

export const PART_NAMES = Object.keys(PARTS) as PartName[];

/**
 * Parts with an own entry in `parts` of the record: all but core, and those inside another part.
 */
type NamedPart = {
  [Name in PartName]: Parts[Name] extends { schema: unknown } ? Name : never;
}[PartName];

type PartSchemas = { [Name in NamedPart]: Parts[Name]['schema'] };

export const PART_SCHEMAS = Object.fromEntries(
  PART_NAMES.flatMap((name) => {
    const { schema } = partSpec(name);
    return schema ? [[name, schema]] : [];
  }),
) as unknown as PartSchemas;

/** Parts that are published as a file. */
export type PublishedPart = {
  [Name in PartName]: Parts[Name] extends { artifact: unknown } ? Name : never;
}[PartName];

export type PartArtifact = Parts[PublishedPart]['artifact']['name'];

/** The part with its general type. */
export function partSpec(name: PartName): PartSpec {
  return PARTS[name];
}

export const PUBLISHED_PARTS = PART_NAMES.filter(
  (name) => partSpec(name).artifact,
) as PublishedPart[];

/** The codes of requests for missing parts. */
export const MISS_CODES: readonly ProblemCode[] = [
  ...new Set(PART_NAMES.flatMap((name) => partSpec(name).miss?.code ?? [])),
];

/** Fields that a record has for every part. */
export interface StoredPart {
  sha256: string;
  /** Bytes. */
  size: number;
  types?: number | undefined;
  /** For an extra: SHA-256 of the core that is its base. */
  baseSha256?: string | undefined;
  /** Its source. */
  origin?: string | undefined;
  from?: string | undefined;
  by?: string | undefined;
  claimed?: true | undefined;
}

/**
 * Source of core: `dwarf`, if the kernel was built without BTF. Readers of version 0.1 know only the
 * other two, so the record has it in a separate field.
 */
export function coreOrigin({
  origin,
  encoded,
}: KernelRecord['core']): 'verbatim' | 'partition' | 'dwarf' {
  return encoded ? 'dwarf' : origin;
}

/** The entry of a part in the record. */
export function partOf(record: Partial<KernelRecord>, name: PartName): StoredPart | undefined {
  if (name === 'core') return record.core;
  const [part, field] = partSpec(name).of ?? [name];
  const found = record.parts?.[part] as Record<string, unknown> | undefined;
  return (field === undefined ? found : found?.[field]) as StoredPart | undefined;
}

/** Every part of a record, including those that a newer version has added. */
export function partsOf(record: Partial<KernelRecord>): Map<string, StoredPart> {
  const known = PART_NAMES.flatMap((name) => {
    const part = partOf(record, name);
    return part ? [[name, part] as const] : [];
  });
  return new Map([...known, ...foreignParts(record)]);
}

/** The extras that a record has, by their names. */
export function extrasOf(record: Partial<KernelRecord>): Map<string, StoredPart> {
  const foreign = foreignParts(record).filter(([, { baseSha256 }]) => baseSha256 !== undefined);
  const known = [...partsOf(record)].filter(([name]) => isExtraName(name));
  return new Map([...known, ...foreign]);
}

/** The amount of an extra in a record, in its unit: variables, sites. */
export function amountOf(name: string, part: StoredPart): { what: string; amount: number } {
  const what = isExtraName(name) ? EXTRAS[name].counts : 'types';
  return { what, amount: Number((part as unknown as Record<string, unknown>)[what]) };
}

/** Parts that this version does not know. */
function foreignParts({ parts = {} }: Partial<KernelRecord>): [string, StoredPart][] {
  const foreign = Object.entries(parts).filter(([name]) => !Object.hasOwn(PARTS, name));
  return foreign as [string, StoredPart][];
}

/** The record with these parts; without those that are undefined. */
export function withParts(
  record: KernelRecord,
  changes: { [Name in NamedPart]?: KernelRecord['parts'][Name] | undefined },
): KernelRecord {
  const parts = Object.entries({ ...record.parts, ...changes });
  return { ...record, parts: Object.fromEntries(parts.filter(([, part]) => part !== undefined)) };
}

/** The record with each marked part replaced by the result of `change`. */
export function mapParts(
  record: KernelRecord,
  change: <Part extends StoredPart>(part: Part) => Part,
): KernelRecord {
  const { core, parts } = structuredClone(record);
  const changed = Object.entries(parts).map(
    ([name, part]) => [name, change(part as StoredPart)] as const,
  );
  const marked = Object.fromEntries(changed) as KernelRecord['parts'];
  return { ...record, core: change(core), parts: marked };
}

/** The part of an ELF section: `.BTF` is core, `.BTF.NAME` an extra or a companion. */
export function partOfSection(section: string): PartName | undefined {
  return PART_NAMES.find((name) => partSpec(name).sections?.includes(section));
}
