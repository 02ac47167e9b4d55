import { z } from 'zod';
import { buildIdSchema } from '../build-id.ts';
import { STATES } from '../record/record.ts';

/** A kernel in a list: enough to choose it. */
const kernelSummarySchema = z.looseObject({
  buildId: buildIdSchema,
  revision: z.number().int().positive(),
  state: z.enum(STATES),
  distro: z.string().optional(),
  release: z.string().optional(),
  arch: z.string().optional(),
  /** Its number of variables. Absent: none. */
  variables: z.number().int().optional(),
  /** When its first file was sent. */
  uploadedAt: z.iso.datetime().optional(),
});

/** Orders of a search: by build ID, newest release first, or last upload first. */
export const KERNEL_ORDERS = ['buildId', 'release', 'sent'] as const;

export type KernelOrder = (typeof KERNEL_ORDERS)[number];

/** Answer of `GET /v1/kernels`: in the requested order; `next` is the next `page`. */
export const searchAnswerSchema = z.looseObject({
  kernels: z.array(kernelSummarySchema),
  next: z.string().optional(),
  /** Why kernels may be missing or outdated; absent: the list is complete. */
  incomplete: z.string().optional(),
  /** Kernels left out because their stored record is malformed or too new; absent: none. */
  unreadable: z.number().int().positive().optional(),
});

/** What one request may look up. */
export const MAX_LOOKED_UP = 1000;

/** Body of `POST /v1/kernels/lookup`: either or both. */
export const lookupRequestSchema = z.strictObject({
  buildIds: z.array(buildIdSchema).max(MAX_LOOKED_UP).default([]),
  releases: z.array(z.string().min(1).max(128)).max(MAX_LOOKED_UP).default([]),
});

/** Its answer: each item of the request is in one of the three. */
export const lookupAnswerSchema = z.looseObject({
  have: z.array(z.looseObject({ asked: z.string(), kernel: kernelSummarySchema })),
  missing: z.array(z.string()),
  /** Releases of several kernels: rebuilds, flavours, architectures. */
  ambiguous: z.array(
    z.looseObject({
      asked: z.string(),
      kernels: z.array(kernelSummarySchema),
      /** There are more than these: `GET /v1/kernels?release=` has all. */
      more: z.literal(true).optional(),
    }),
  ),
  /** As in a search; of releases only. */
  incomplete: z.string().optional(),
  unreadable: z.number().int().positive().optional(),
});

export type KernelSummary = z.infer<typeof kernelSummarySchema>;
export type SearchAnswer = z.infer<typeof searchAnswerSchema>;
export type LookupAnswer = z.infer<typeof lookupAnswerSchema>;
