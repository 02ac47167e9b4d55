import { z } from 'zod';
import { buildIdSchema } from '../build-id.ts';
import type { ProblemCode } from '../problem.ts';

/** Parameters and problems of several routes. */
export const OCTETS = 'application/octet-stream';
export const JSON_TYPE = 'application/json';
export const PLAIN_TEXT = 'text/plain';

export const ofKernel = { buildId: buildIdSchema };

/** Codes of requests about one kernel. */
export const KERNEL_PROBLEMS = [
  'bad-build-id',
  'unknown-build-id',
  'withdrawn',
  'damaged-record',
  'newer-schema',
  'store-unavailable',
] as const satisfies ProblemCode[];

/** Codes of answers from the kernel thread. */
export const COMPUTED_PROBLEMS = [
  'time-limit',
  'memory-limit',
  'bad-btf',
  'damaged-blob',
  'busy',
  'budget-spent',
] as const satisfies ProblemCode[];

/** Codes of answers with ranges and an ETag. */
export const BLOB_PROBLEMS = [
  'range-not-satisfiable',
  'not-matching',
] as const satisfies ProblemCode[];

export const BODY_PROBLEMS = [
  'bad-body',
  'too-large',
  'unsupported-media',
] as const satisfies ProblemCode[];

const FROM_TO = 'expected a whole number from 1 to 1000';

/** Most entries of one page. */
export const pageLimit = z
  .string()
  .refine((text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1000, {
    error: FROM_TO,
  })
  .optional()
  .transform((text = '100') => Number(text))
  .meta({ type: 'integer', minimum: 1, maximum: 1000, description: '100 by default.' });

/** The number of entries on the pages before. */
export const skipped = z
  .string()
  .regex(/^\d{1,8}$/)
  .prefault('0')
  .transform(Number)
  .describe('`next` of the previous answer.');
