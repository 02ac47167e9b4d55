import { buildIdSchema } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';

/** @throws DepotError `bad-build-id`. */
export function requireBuildId(text: string): void {
  const { error } = buildIdSchema.safeParse(text);
  if (error) throw new DepotError('bad-build-id', error.issues[0]?.message ?? error.message);
}
