import { namePatternSchema, variableNameSchema } from '@btf-depot/contracts';
import { UsageError } from './usage-error.ts';

/**
 * Whether a word is a pattern of names; otherwise it is a name.
 * @throws UsageError for anything else, such as a regular expression.
 */
export function isPattern(text: string): boolean {
  if (variableNameSchema.safeParse(text).success) return false;
  const { error } = namePatternSchema.safeParse(text);
  if (!error) return true;
  throw new UsageError(`${text}: ${error.issues[0]?.message ?? 'not a pattern'}`);
}
