import { z } from 'zod';
import { buildIdSchema } from './build-id.ts';

/** Version of the job's payload: a worker leaves jobs of a newer one to newer workers. */
export const JOB_VERSION = 2;

/** A doorbell: the kernel and revision that need compressing. The record has everything else. */
export const jobSchema = z.looseObject({
  version: z.number().int().positive(),
  buildId: buildIdSchema,
  revision: z.number().int().positive(),
});

export type Job = z.infer<typeof jobSchema>;

export function jobFor(record: { buildId: string; revision: number }): Job {
  return { version: JOB_VERSION, buildId: record.buildId, revision: record.revision };
}

/** One job for each revision: adding it twice is adding it once. */
export function jobId(job: Pick<Job, 'buildId' | 'revision'>): string {
  return `${job.buildId}-${String(job.revision)}`;
}
