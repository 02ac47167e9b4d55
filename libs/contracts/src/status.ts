import { z } from 'zod';
import { buildIdSchema } from './build-id.ts';
import { DELIVERIES, STATES, type KernelRecord } from './record.ts';

const part = z.looseObject({ sha256: z.string(), size: z.number().int() });

/** Body of an upload's answer and of `GET /v1/kernels/{id}/status`. */
export const statusSchema = z.looseObject({
  buildId: buildIdSchema,
  revision: z.number().int().positive(),
  state: z.enum(STATES),
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

export type KernelStatus = z.infer<typeof statusSchema>;

export function kernelPath(buildId: string): string {
  return `/v1/kernels/${buildId}`;
}

export function statusOf(record: KernelRecord): KernelStatus {
  const self = kernelPath(record.buildId);
  const names = Object.keys(record.artifacts);
  const { withdrawal } = record;
  return {
    buildId: record.buildId,
    revision: record.revision,
    state: record.state,
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
