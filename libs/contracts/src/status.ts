import { z } from 'zod';
import { buildIdSchema } from './build-id.ts';
import { DELIVERIES, STATES, type KernelRecord } from './record.ts';

/** How far the splitting of an upload is: units of DWARF. */
const progressSchema = z.looseObject({
  done: z.number().int().nonnegative(),
  /** 0 while that is not known. */
  total: z.number().int().nonnegative(),
});

const part = z.looseObject({ sha256: z.string(), size: z.number().int() });

/** Body of an upload's answer and, of a kernel that is known, `GET /v1/kernels/{id}/status`. */
export const statusSchema = z.looseObject({
  buildId: buildIdSchema,
  revision: z.number().int().positive(),
  state: z.enum(STATES),
  /** Of a further upload of this kernel, which this process is splitting. */
  progress: progressSchema.exactOptional(),
  /** What was found in the upload. */
  report: z.looseObject({
    delivery: z.enum(DELIVERIES),
    release: z.string().exactOptional(),
    arch: z.string().exactOptional(),
    core: part.extend({ types: z.number().int() }),
    extras: z.record(
      z.string(),
      part.extend({ types: z.number().int(), variables: z.number().int() }),
    ),
    failure: z.looseObject({ code: z.string(), message: z.string() }).exactOptional(),
    withdrawal: z.looseObject({ reason: z.string(), at: z.string() }).exactOptional(),
  }),
  /** Artifact name → path; `self` and `status` of the kernel itself. */
  links: z.record(z.string(), z.string()),
});

/** The same for a kernel that is not known yet, and that this process is splitting. */
export const splittingSchema = z.looseObject({
  buildId: buildIdSchema,
  state: z.literal('splitting'),
  progress: progressSchema,
  links: z.record(z.string(), z.string()),
});

export const statusAnswerSchema = z.discriminatedUnion('state', [statusSchema, splittingSchema]);

export type SplitProgress = Pick<z.infer<typeof progressSchema>, 'done' | 'total'>;
export type SplittingStatus = z.infer<typeof splittingSchema>;
export type KernelStatus = z.infer<typeof statusSchema>;

export function kernelPath(buildId: string): string {
  return `/v1/kernels/${buildId}`;
}

/** Of a kernel that has no record yet. */
export function statusOfSplitting(
  buildId: string,
  { done, total }: SplitProgress,
): SplittingStatus {
  const self = kernelPath(buildId);
  return {
    buildId,
    state: 'splitting',
    progress: { done, total },
    links: { self, status: `${self}/status` },
  };
}

/** @param progress of a further upload. */
export function statusOf(record: KernelRecord, progress?: SplitProgress): KernelStatus {
  const self = kernelPath(record.buildId);
  const names = Object.keys(record.artifacts);
  const { withdrawal } = record;
  return {
    buildId: record.buildId,
    revision: record.revision,
    state: record.state,
    ...(progress && { progress: { done: progress.done, total: progress.total } }),
    report: {
      delivery: record.delivery,
      ...(record.release !== undefined && { release: record.release }),
      ...(record.arch !== undefined && { arch: record.arch }),
      core: { sha256: record.core.sha256, size: record.core.size, types: record.core.types },
      extras: Object.fromEntries(
        Object.entries(record.extras).map(([name, { sha256, size, types, variables }]) => [
          name,
          { sha256, size, types, variables },
        ]),
      ),
      ...(record.failure && { failure: record.failure }),
      ...(withdrawal && { withdrawal: { reason: withdrawal.reason, at: withdrawal.at } }),
    },
    links: {
      self,
      status: `${self}/status`,
      ...Object.fromEntries(names.map((name) => [name, `${self}/${name}`])),
    },
  };
}
