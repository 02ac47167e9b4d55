import { z } from 'zod';
import { buildIdSchema, sha256Schema } from '../build-id.ts';
import { blobShape, broughtShape, count, storedPart } from '../extras/shapes.ts';
import { ownerSchema } from './ownership.ts';
import { PART_SCHEMAS } from '../parts.ts';

/**
 * Version of the stored record. Additions that an older reader may ignore keep it; anything else
 * raises it. Older processes then read such records but never write them.
 */
export const RECORD_SCHEMA = 2;

export const STATES = ['compressing', 'ready', 'failed', 'withdrawn'] as const;
export const DELIVERIES = ['builtin', 'module'] as const;

const coreSchema = storedPart({
  types: count,
  /** `verbatim`: the kernel's own bytes; `partition`: the rest of a full BTF. */
  origin: z.enum(['verbatim', 'partition']),
  /** The kernel was built without BTF, and this was made of its debug information. */
  encoded: z
    .looseObject({
      /** The version of pahole whose rules say which functions there are. */
      rules: z.string(),
      /** What was found, and what was left out, by rule; absent: it was made by whoever sent it. */
      coverage: z.looseObject({}).exactOptional(),
    })
    .exactOptional(),
});

/** The fields that every part has, for parts of a newer version. */
const foreignPartSchema = storedPart({
  types: count.exactOptional(),
  baseSha256: sha256Schema.exactOptional(),
});

type Optional<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.ZodExactOptional<Shape[Name]>;
};

/** The extras and their companions, and parts of newer versions. */
const partsSchema = z
  .object(
    Object.fromEntries(
      Object.entries(PART_SCHEMAS).map(([name, schema]) => [name, schema.exactOptional()]),
    ),
  )
  .catchall(foreignPartSchema) as unknown as z.ZodObject<
  Optional<typeof PART_SCHEMAS>,
  z.core.$loose
>;

/** Facts that a carrier needs so that this kernel loads it (LoadFacts in libs/carrier). */
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
  /** Made, and perhaps signed, by the kernel's own build: artifacts kept byte for byte. */
  given: z
    .record(
      z.string(),
      z.looseObject({
        ...blobShape,
        ...broughtShape,
        signed: z.boolean(),
        /** The kernel takes its core from it: core and nothing else is inside. */
        linked: z.literal(true).exactOptional(),
      }),
    )
    .exactOptional(),
  /** Given carriers that are not published: only their BTF was taken. The reason, by artifact. */
  refused: z
    .record(z.string(), z.looseObject({ code: z.string(), why: z.string() }))
    .exactOptional(),
  /** Why the System.map beside the kernel was not used. */
  mapIgnored: z.string().exactOptional(),
  /** Names that the kernel reserves for modules of its own build (LinkRecord in libs/carrier). */
  links: z
    .array(
      z.looseObject({
        section: z.string(),
        content: z.string(),
        /** Byte order of `content`. */
        endian: z.enum(['little', 'big']).exactOptional(),
      }),
    )
    .exactOptional(),
});

const artifactSchema = z.looseObject({
  ...blobShape,
  mediaType: z.string(),
  /** Milliseconds that compressing took. */
  ms: count.exactOptional(),
});

/** Compression levels of artifacts, by format; see COMPRESSED_FORMS. */
const levelsSchema = z.record(z.string(), count);

/** The files that an upload may have, each at most once. */
export const UPLOAD_PARTS = ['kernel', 'full', 'module', 'map', 'carrier'] as const;

export type UploadPart = (typeof UPLOAD_PARTS)[number];

const sourceSchema = z.looseObject({
  ...blobShape,
  /** The recognised kind: `elf`, `btf`, `image`, `module` or `map`, or one of a later version. */
  kind: z.string(),
  /** Its part of the upload: one of UPLOAD_PARTS, or one of a later version. */
  part: z.string(),
  /** Name and version of its package. */
  package: z.string().exactOptional(),
  /** Name and version of the software that split it. */
  encoder: z.string(),
  /** ID of the sender's token. */
  uploader: z.string().exactOptional(),
  /** The principal that sent it, and whether that principal did not own the kernel then. */
  ...broughtShape,
  /** Its upload replaced everything published before (`?replace=true`). */
  replaced: z.literal(true).exactOptional(),
  at: z.iso.datetime(),
});

const withdrawalSchema = z.looseObject({
  /** The public reason. */
  reason: z.string(),
  /** A note for operators, in the store: no service sends it. */
  internal: z.string().exactOptional(),
  at: z.iso.datetime(),
  /** ID of the token; absent: an operator at the store, or a depot without tokens. */
  by: z.string().exactOptional(),
  /** Its time ended (`keptUntil`): any upload restores it. */
  expired: z.literal(true).exactOptional(),
});

/** Everything known of one kernel: queue, index and caches are rebuilt from it. */
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
  /** Source of the distribution, if nobody named it: `package` or `banner`. */
  distroFrom: z.string().exactOptional(),
  delivery: z.enum(DELIVERIES),
  core: coreSchema,
  parts: partsSchema,
  carrier: carrierSchema.exactOptional(),
  /** Files of the newest finished revision; those of an earlier one stay here until then. */
  artifacts: z.record(z.string(), artifactSchema),
  /**
   * The generation of packing (PACKING) that made them; absent: before generations were counted.
   */
  packing: z.number().int().positive().exactOptional(),
  /** Of these artifacts. */
  levels: levelsSchema.exactOptional(),
  /**
   * Signatures that another depot made, of the manifest with this hash. They are published if
   * packing here makes that manifest.
   */
  countersigned: z
    .looseObject({
      manifest: sha256Schema,
      signatures: z.record(z.string(), z.looseObject(blobShape)),
    })
    .exactOptional(),
  sources: z.array(sourceSchema),
  /** Name and version of the software that made the current parts; absent: see `sources`. */
  encoder: z.string().exactOptional(),
  /** Finished files of the revision, while `state` is `compressing`. */
  progress: z.looseObject({ done: count, total: count }).exactOptional(),
  /** Why `state` is `failed`. */
  failure: z.looseObject({ code: z.string(), message: z.string() }).exactOptional(),
  /** Why `state` is `withdrawn`. */
  withdrawal: withdrawalSchema.exactOptional(),
  /** When it expires; absent: never. */
  keptUntil: z.iso.datetime().exactOptional(),
  /**
   * The principal that may change it; absent: see `claimant`, or the record is older than owners.
   */
  owner: ownerSchema.exactOptional(),
  /** The principal of the claim behind it, until a kernel file comes. */
  claimant: ownerSchema.exactOptional(),
  /** It is ready, and the announcement is still to be made. */
  unannounced: z.literal(true).exactOptional(),
  uploadedAt: z.iso.datetime(),
  readyAt: z.iso.datetime().exactOptional(),
});

export type KernelRecord = z.infer<typeof kernelRecordSchema>;
export type CoreEntry = z.infer<typeof coreSchema>;
/** The fields of each part in a record. */
export type PartEntries = {
  [Name in keyof typeof PART_SCHEMAS]: z.infer<(typeof PART_SCHEMAS)[Name]>;
};
export type CarrierEntry = z.infer<typeof carrierSchema>;
export type ArtifactEntry = z.infer<typeof artifactSchema>;
export type SourceEntry = z.infer<typeof sourceSchema>;
export type Withdrawal = z.infer<typeof withdrawalSchema>;
export type Delivery = (typeof DELIVERIES)[number];
export type State = (typeof STATES)[number];
