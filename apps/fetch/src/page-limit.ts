import { z } from 'zod';

/** Most entries of one page that a client wants: 1 to 1000, by default 100. */
export const pageLimit = z
  .string()
  .regex(/^\d{1,4}$/, { error: 'expected a whole number' })
  .transform(Number)
  .pipe(z.number().min(1).max(1000))
  .prefault('100');
