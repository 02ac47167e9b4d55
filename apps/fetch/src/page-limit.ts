import { z } from 'zod';

const FROM_TO = 'expected a whole number from 1 to 1000';

/** Most entries of one page that a client wants: 1 to 1000, by default 100. */
export const pageLimit = z
  .string()
  .regex(/^\d{1,4}$/, { error: FROM_TO })
  .transform(Number)
  .pipe(z.number().min(1, { error: FROM_TO }).max(1000, { error: FROM_TO }))
  .prefault('100');
