import { z } from 'zod';

/** How far the fetching of a kernel from upstreams is, which nobody has sent. */
export const pullSchema = z.looseObject({
  /** `queued`, `running`, or `missed`: no upstream has it, or could send it. */
  state: z.string(),
  /** `find`, `download` or `split`, in time others. */
  stage: z.string().optional(),
  /** Whom it is fetched from. */
  upstream: z.string().optional(),
  /** Bytes of a download; units of DWARF of a split. */
  done: z.number().int().nonnegative().optional(),
  /** Absent while that is not known. */
  total: z.number().int().nonnegative().optional(),
  /** Until the stage ends, at the speed so far. */
  secondsLeft: z.number().int().nonnegative().optional(),
  /** Of a miss: what each upstream answered. */
  misses: z
    .array(z.looseObject({ upstream: z.string(), reason: z.string(), detail: z.string() }))
    .optional(),
  /** Of a miss: until then it is not asked again, unless a request has `?again`. */
  until: z.iso.datetime().optional(),
});

export type PullAnswer = z.infer<typeof pullSchema>;
