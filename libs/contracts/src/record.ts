import { z } from 'zod';
import { buildIdSchema, sha256Schema } from './build-id.ts';
import { inlines } from './extras/inlines.ts';
import { vars } from './extras/vars.ts';
import { broughtShape, ownerSchema } from './ownership.ts';

/**
 * Version of the stored record. Additions that an older reader may ignore keep it; anything else
 * raises it, and older processes then read such records but never write them.
 */
export const RECORD_SCHEMA = 1;

const count = z.number().int().nonnegative();
const blob = { sha256: sha256Schema, size: count };

export const STATES = ['compressing', 'ready', 'failed', 'withdrawn'] as const;
export const DELIVERIES = ['builtin', 'module'] as const;

const coreSchema = z.looseObject({
  ...blob,
  ...broughtShape,
  types: count,
  /** `verbatim`: the kernel's own bytes; `partition`: what stayed of a full BTF. */
  origin: z.enum(['verbatim', 'partition']),
});

/** Split BTF on core. */
const splitShape = {
  ...blob,
  ...broughtShape,
  types: count,
  /** Of DWARF: how many entries it has, and what became of them, by rule, class or reason. */
  coverage: z.looseObject({}).exactOptional(),
  /** SHA-256 of the core that this split BTF stands on. */
  baseSha256: sha256Schema,
};

/** Those that lie in `extras` are described as variables are, whatever their name. */
const extraSchema = z.looseObject({ ...splitShape, ...vars.details });

/** The part of vars that a running kernel may be given, as split BTF on core. */
const ksymsSchema = z.looseObject({
  ...blob,
  ...broughtShape,
  types: count,
  variables: count,
  /** Variables that are left out, by the reason (KSYM_REASONS in libs/extras). */
  leftOut: z.record(z.string(), count),
  /** Where all variables lie in the image, and why some are left out; older records lack it. */
  layout: z.looseObject(blob).exactOptional(),
  /** What the symbols are known from, as in `symbols`; older records lack it. */
  from: z.string().exactOptional(),
});

/** Symbols of the kernel, as `nm -S` in zstd: for variables that come later. */
const symbolsSchema = z.looseObject({
  ...blob,
  ...broughtShape,
  /** For readers of version 0.1, which know no other: `symtab` stands for kallsyms too. */
  origin: z.enum(['symtab', 'map']),
  /** `kallsyms`, `symtab`: the kernel itself; `map`: a System.map, which is a claim. */
  from: z.string().exactOptional(),
  /** CONFIG_KALLSYMS_ALL is off: the kernel finds no variable by its name. */
  hidesVariables: z.literal(true).exactOptional(),
});

/** Where variables lie, of a kernel that has no ksyms because it finds none by name. */
const layoutSchema = z.looseObject({
  ...blob,
  ...broughtShape,
  /** As in `symbols`. */
  from: z.string(),
});

const inlinesSchema = z.looseObject({
  ...splitShape,
  ...inlines.details,
  /** Addresses of sections and of the functions that the sites stand in, as text. */
  map: z.looseObject(blob).exactOptional(),
});

/** What a module must say and hold so that this kernel loads it (LoadFacts in libs/carrier). */
const loadSchema = z.looseObject({
  vermagic: z.string(),
  layoutCrc: count.exactOptional(),
  structModule: z.looseObject({ size: count, nameOffset: count }),
});

const carrierSchema = z.looseObject({
  /** Of `load`. */
  ...broughtShape,
  /** Whether the kernel loads it, or it is a container for tools that read files. */
  loadable: z.boolean(),
  /** Why it is not loadable (NotLoadable in libs/carrier), or has no ksyms. */
  why: z.string().exactOptional(),
  moduleName: z.string(),
  signed: z.boolean(),
  vermagic: z.string().exactOptional(),
  load: loadSchema.exactOptional(),
  /** Made, and maybe signed, by the kernel's own build: artifacts that are kept byte for byte. */
  given: z
    .record(z.string(), z.looseObject({ ...blob, ...broughtShape, signed: z.boolean() }))
    .exactOptional(),
  /** Given as well, and not published: only their BTF was taken. Why, by the artifact's name. */
  refused: z
    .record(z.string(), z.looseObject({ code: z.string(), why: z.string() }))
    .exactOptional(),
  /** Why the System.map that lay beside the kernel was not used. */
  mapIgnored: z.string().exactOptional(),
  /** Names that the kernel keeps for modules of its own build (LinkRecord in libs/carrier). */
  links: z.array(z.looseObject({ section: z.string(), content: z.string() })).exactOptional(),
});

const artifactSchema = z.looseObject({
  ...blob,
  mediaType: z.string(),
  /** Milliseconds that compressing took. */
  ms: count.exactOptional(),
});

/** How hard artifacts are compressed, by the format; see COMPRESSED_FORMS. */
const levelsSchema = z.record(z.string(), count);

/** The files that an upload may have, each at most once. */
export const UPLOAD_PARTS = ['kernel', 'full', 'module', 'map', 'carrier'] as const;

export type UploadPart = (typeof UPLOAD_PARTS)[number];

const sourceSchema = z.looseObject({
  ...blob,
  /** What the file was recognised as: `elf`, `btf`, `image`, `module` or `map`, in time others. */
  kind: z.string(),
  /** The part of the upload that it came as: one of UPLOAD_PARTS, in time others. */
  part: z.string(),
  /** Name and version of the package that it was. */
  package: z.string().exactOptional(),
  /** Name and version of the software that split it. */
  encoder: z.string(),
  /** ID of the token that it was sent with. */
  uploader: z.string().exactOptional(),
  /** The principal that sent it, and that it did not own the kernel then. */
  ...broughtShape,
  /** The upload that it came with took the place of what was published (`?replace=true`). */
  replaced: z.literal(true).exactOptional(),
  at: z.iso.datetime(),
});

const withdrawalSchema = z.looseObject({
  /** What everyone is told. */
  reason: z.string(),
  /** What only operators read, in the store: no service ever sends it. */
  internal: z.string().exactOptional(),
  at: z.iso.datetime(),
  /** The token that was used; absent: an operator at the store, or a depot without tokens. */
  by: z.string().exactOptional(),
  /** Its time was over (`keptUntil`): any upload brings it back. */
  expired: z.literal(true).exactOptional(),
});

/** All that is known of one kernel: the truth that queue, index and caches are rebuilt from. */
export const kernelRecordSchema = z.looseObject({
  schema: z.number().int().positive(),
  buildId: buildIdSchema,
  revision: z.number().int().positive(),
  state: z.enum(STATES),
  arch: z.string().exactOptional(),
  bits: z.union([z.literal(32), z.literal(64)]).exactOptional(),
  endian: z.enum(['little', 'big']),
  release: z.string().exactOptional(),
  distro: z.string().exactOptional(),
  delivery: z.enum(DELIVERIES),
  core: coreSchema,
  extras: z.record(z.string(), extraSchema),
  ksyms: ksymsSchema.exactOptional(),
  symbols: symbolsSchema.exactOptional(),
  layout: layoutSchema.exactOptional(),
  inlines: inlinesSchema.exactOptional(),
  carrier: carrierSchema.exactOptional(),
  /** Files of the newest finished revision; what an earlier one had stays here until then. */
  artifacts: z.record(z.string(), artifactSchema),
  /** Of these artifacts. */
  levels: levelsSchema.exactOptional(),
  sources: z.array(sourceSchema),
  /** Name and version of the software that made the parts as they are; absent: see `sources`. */
  encoder: z.string().exactOptional(),
  /** How many files of the revision are made, while `state` is `compressing`. */
  progress: z.looseObject({ done: count, total: count }).exactOptional(),
  /** Why `state` is `failed`. */
  failure: z.looseObject({ code: z.string(), message: z.string() }).exactOptional(),
  /** Why `state` is `withdrawn`. */
  withdrawal: withdrawalSchema.exactOptional(),
  /** When it is withdrawn by itself; absent: never. */
  keptUntil: z.iso.datetime().exactOptional(),
  /** The principal that may change it; absent: see `claimant`, or it is older than owners. */
  owner: ownerSchema.exactOptional(),
  /** Whose claim it rests on, until a kernel file comes. */
  claimant: ownerSchema.exactOptional(),
  /** It is ready, and whoever is to be told so was not told yet. */
  unannounced: z.literal(true).exactOptional(),
  uploadedAt: z.iso.datetime(),
  readyAt: z.iso.datetime().exactOptional(),
});

export type KernelRecord = z.infer<typeof kernelRecordSchema>;
export type CoreEntry = z.infer<typeof coreSchema>;
export type ExtraEntry = z.infer<typeof extraSchema>;
export type KsymsEntry = z.infer<typeof ksymsSchema>;
export type InlinesEntry = z.infer<typeof inlinesSchema>;
/** What a record has of each extra. */
export interface ExtraEntries {
  vars: ExtraEntry;
  inlines: InlinesEntry;
}
export type CarrierEntry = z.infer<typeof carrierSchema>;
export type ArtifactEntry = z.infer<typeof artifactSchema>;
export type SourceEntry = z.infer<typeof sourceSchema>;
export type Withdrawal = z.infer<typeof withdrawalSchema>;
export type Delivery = (typeof DELIVERIES)[number];
export type State = (typeof STATES)[number];

/**
 * Bytes of a record as they are stored: JSON, fields that this version does not know included.
 * @throws ZodError for one that `decodeRecord` would refuse: nothing is written that nobody can read.
 */
export function encodeRecord(record: KernelRecord): Uint8Array {
  kernelRecordSchema.parse(record);
  return new TextEncoder().encode(`${JSON.stringify(record, null, 1)}\n`);
}

/** @throws SyntaxError or ZodError where the bytes are no record. */
export function decodeRecord(bytes: Uint8Array): KernelRecord {
  const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  return kernelRecordSchema.parse(json);
}
