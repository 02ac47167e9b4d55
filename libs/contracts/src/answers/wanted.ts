import { z } from 'zod';
import { buildIdSchema } from '../build-id.ts';

const word = z.string().min(1).max(256);

/** A kernel that a system runs and a depot lacks. */
const wantedKernelSchema = z.looseObject({
  buildId: buildIdSchema.optional(),
  /** As `uname -r` has it. */
  release: word.optional(),
  /** As `uname -m` has it. */
  arch: word.optional(),
  /** What the depot lacks; absent: it was not asked. */
  lacks: z.enum(['kernel', 'variables']).optional(),
  /** Those that run it, where they have names. */
  nodes: z.array(z.string()).optional(),
});

/** What `btfdepot wanted` and `lookup --import` write, and `import --from` takes. */
export const wantedListSchema = z.looseObject({
  wanted: z.array(wantedKernelSchema),
});

export type WantedKernel = z.infer<typeof wantedKernelSchema>;
export type WantedList = z.infer<typeof wantedListSchema>;
