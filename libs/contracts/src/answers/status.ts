import { z } from 'zod';
import { buildIdSchema } from '../build-id.ts';
import { claimedParts } from '../record/ownership.ts';
import { amountOf, coreOrigin, extrasOf } from '../parts.ts';
import { pullSchema, type PullAnswer } from './pull.ts';
import { oldFields } from '../record/record-codec.ts';
import { DELIVERIES, STATES, type KernelRecord } from '../record/record.ts';

/** Progress of the work on a kernel. */
const progressSchema = z.looseObject({
  /** `split`: of an upload, in units of DWARF; `compress`: of its carriers, in files. */
  stage: z.enum(['split', 'compress']),
  done: z.number().int().nonnegative(),
  /** 0 while it is unknown. */
  total: z.number().int().nonnegative(),
  percent: z.number().int().min(0).max(100),
});

const part = z.looseObject({ sha256: z.string(), size: z.number().int() });

const foundSchema = z.looseObject({
  /** Its part of the upload. */
  part: z.string(),
  /** `elf`, `image`, `btf`, `module` or `map`, or one of a later version. */
  kind: z.string(),
  /** In its archive: show it escaped, never use it as a path. */
  name: z.string().optional(),
  buildId: z.string().optional(),
});

/** The content of an upload; only in its answer, since a depot does not store it. */
export const uploadReportSchema = z.looseObject({
  found: z.array(foundSchema),
  /** As `kernel`, `debug` (debug information in a separate file), `full`, `module` … */
  used: z.array(foundSchema.extend({ as: z.string() })),
  /** Files that looked useful, and why they were not used. */
  passedOver: z.array(
    z.looseObject({
      part: z.string(),
      code: z.string(),
      reason: z.string(),
      /** Of the first of them. */
      name: z.string().optional(),
      count: z.number().int().positive(),
    }),
  ),
  /** Requested parts that the kernel lacks, and why. */
  missing: z
    .array(
      z.looseObject({
        buildId: z.string(),
        part: z.string(),
        code: z.string(),
        reason: z.string(),
      }),
    )
    .optional(),
});

export type UploadReport = z.infer<typeof uploadReportSchema>;
export type FoundInUpload = UploadReport['found'][number];
export type UsedOfUpload = UploadReport['used'][number];
export type PassedOverInUpload = UploadReport['passedOver'][number];
export type MissingPart = (UploadReport['missing'] & object)[number];

/** Body of an upload's answer and, of a kernel that is known, `GET /v1/kernels/{id}/status`. */
export const statusSchema = z.looseObject({
  buildId: buildIdSchema,
  revision: z.number().int().positive(),
  state: z.enum(STATES),
  /** Of a further upload of this kernel, which this process splits; else of compressing. */
  progress: progressSchema.optional(),
  /** More of it is being fetched from an upstream. */
  pull: pullSchema.optional(),
  /** What was found in the upload. */
  report: z.looseObject({
    delivery: z.enum(DELIVERIES),
    release: z.string().optional(),
    arch: z.string().optional(),
    core: part.extend({
      types: z.number().int(),
      /** `dwarf`: the kernel was built without BTF; else as in the record. */
      origin: z.string().optional(),
    }),
    /** Each extra by its name, with its amount: `variables`, `sites`. */
    parts: z.record(z.string(), part.extend({ types: z.number().int() })).optional(),
    /** For clients of version 0.1, like `inlines`; newer ones read `parts`. */
    extras: z.record(
      z.string(),
      part.extend({ types: z.number().int(), variables: z.number().int() }),
    ),
    inlines: part.extend({ types: z.number().int(), sites: z.number().int() }).optional(),
    /** The principal that may change it; absent: it has none, or is older than owners. */
    owner: z.string().optional(),
    /**
     * Parts that somebody other than the owner sent: names of PARTS, and `load`.
     */
    claimed: z.array(z.string()).optional(),
    failure: z.looseObject({ code: z.string(), message: z.string() }).optional(),
    withdrawal: z.looseObject({ reason: z.string(), at: z.string() }).optional(),
    ...uploadReportSchema.partial().shape,
  }),
  /** Artifact name → path; `self` and `status` of the kernel itself. */
  links: z.record(z.string(), z.string()),
});

/** The same for a kernel without a record, which this process splits. */
const splittingSchema = z.looseObject({
  buildId: buildIdSchema,
  state: z.literal('splitting'),
  progress: progressSchema,
  pull: z.undefined().optional(),
  links: z.record(z.string(), z.string()),
});

/** The same for a kernel that nobody sent, and that is being fetched from an upstream. */
const pullingSchema = z.looseObject({
  buildId: buildIdSchema,
  state: z.literal('pulling'),
  progress: z.undefined().optional(),
  pull: pullSchema,
  links: z.record(z.string(), z.string()),
});

export const statusAnswerSchema = z.discriminatedUnion('state', [
  statusSchema,
  splittingSchema,
  pullingSchema,
]);

/** The outcome for each of several kernels of an upload. */
export const uploadResultsSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      /** Absent: the kernel does not contain it. */
      buildId: z.string().optional(),
      /** Of its file in the archive. */
      name: z.string().optional(),
      /** HTTP status of this kernel: 200, 201, or that of `code`. */
      status: z.number().int(),
      /** Why it was refused, as in problem answers. */
      code: z.string().optional(),
      detail: z.string().optional(),
      /** For an accepted kernel: the answer for it alone. */
      kernel: statusSchema.optional(),
    }),
  ),
  report: uploadReportSchema,
});

export const uploadAnswerSchema = z.union([statusSchema, uploadResultsSchema]);

export type UploadResults = z.infer<typeof uploadResultsSchema>;

type WorkProgress = z.infer<typeof progressSchema>;
export type SplitProgress = Pick<WorkProgress, 'done' | 'total'>;
export type SplittingStatus = z.infer<typeof splittingSchema>;
export type PullingStatus = z.infer<typeof pullingSchema>;
export type KernelStatus = z.infer<typeof statusSchema>;
export type StatusAnswer = z.infer<typeof statusAnswerSchema>;

export function kernelPath(buildId: string): string {
  return `/v1/kernels/${buildId}`;
}

/** Of a kernel that has no record yet. */
export function statusOfSplitting(buildId: string, progress: SplitProgress): SplittingStatus {
  const self = kernelPath(buildId);
  return {
    buildId,
    state: 'splitting',
    progress: progressOf('split', progress),
    links: { self, status: `${self}/status` },
  };
}

/** Of a kernel that has no record yet, and is being fetched. */
export function statusOfPulling(buildId: string, pull: PullAnswer): PullingStatus {
  const self = kernelPath(buildId);
  return { buildId, state: 'pulling', pull, links: { self, status: `${self}/status` } };
}

/** Body of the answer to an upload of one kernel. */
export function uploadAnswerOf(record: KernelRecord, report: UploadReport): KernelStatus {
  const status = statusOf(record);
  return { ...status, report: { ...status.report, ...report } };
}

/** @param splitting of a further upload. */
export function statusOf(record: KernelRecord, splitting?: SplitProgress): KernelStatus {
  const self = kernelPath(record.buildId);
  const names = Object.keys(record.artifacts);
  const { withdrawal, owner } = record;
  const claimed = claimedParts(record);
  const progress = splitting ? progressOf('split', splitting) : compressingOf(record);
  return {
    buildId: record.buildId,
    revision: record.revision,
    state: record.state,
    progress,
    report: {
      delivery: record.delivery,
      release: record.release,
      arch: record.arch,
      core: reportedCore(record),
      ...reportedExtras(record),
      owner: owner?.principal,
      claimed: claimed.length > 0 ? claimed : undefined,
      failure: record.failure,
      withdrawal: withdrawal && { reason: withdrawal.reason, at: withdrawal.at },
    },
    links: {
      self,
      status: `${self}/status`,
      ...Object.fromEntries(names.map((name) => [name, `${self}/${name}`])),
    },
  };
}

function reportedCore({ core }: KernelRecord): KernelStatus['report']['core'] {
  const { sha256, size, types } = core;
  return { sha256, size, types, origin: coreOrigin(core) };
}

/** Clients of earlier versions read variables from `extras`, and inlined calls beside it. */
function reportedExtras(
  record: KernelRecord,
): Pick<KernelStatus['report'], 'parts' | 'extras' | 'inlines'> {
  const all = [...extrasOf(record)].map(([name, part]) => {
    const { what, amount } = amountOf(name, part);
    const { sha256, size, types } = part;
    return [name, { sha256, size, types, [what]: amount }] as const;
  });
  const parts = Object.fromEntries(all);
  return { parts, ...oldFields(parts) } as Pick<
    KernelStatus['report'],
    'parts' | 'extras' | 'inlines'
  >;
}

function compressingOf({ state, progress }: KernelRecord): WorkProgress | undefined {
  return state === 'compressing' && progress ? progressOf('compress', progress) : undefined;
}

function progressOf(stage: WorkProgress['stage'], { done, total }: SplitProgress): WorkProgress {
  const percent = total === 0 ? 0 : Math.min(100, Math.floor((100 * done) / total));
  return { stage, done, total, percent };
}
