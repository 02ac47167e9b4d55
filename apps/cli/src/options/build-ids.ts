import { isBuildId } from '@btf-depot/contracts';
import type { RecordStore } from '@btf-depot/depot';
import { UsageError } from './usage-error.ts';

/** What may be a build ID that somebody shortened; a few kernels have one as short. */
export const SHORTENED = /^[0-9a-f]{4,39}$/;

/**
 * The whole build IDs of kernels that somebody named, each once. The store is listed if one of them
 * may be shortened.
 * @throws UsageError if one is no build ID, or the store has several kernels that begin so, or none.
 */
export async function wholeBuildIds(
  records: RecordStore,
  words: readonly string[],
): Promise<string[]> {
  const known: string[] = [];
  const mayBeShort = words.some((word) => SHORTENED.test(word));
  if (mayBeShort) for await (const { buildId } of records.list()) known.push(buildId);
  return [...new Set(words.map((word) => whole(word, known)))];
}

function whole(word: string, known: readonly string[]): string {
  if (!SHORTENED.test(word)) {
    if (isBuildId(word)) return word;
    throw new UsageError(`${word} is not a build ID: 4 to 128 digits in lower-case hexadecimal`);
  }
  const found = known.includes(word) ? [word] : known.filter((one) => one.startsWith(word));
  const [first, ...others] = found;
  if (first === undefined) {
    throw new UsageError(`the store has no kernel whose build ID begins with ${word}`);
  }
  if (others.length > 0) {
    throw new UsageError(`several build IDs begin with ${word}: ${found.slice(0, 5).join(', ')}`);
  }
  return first;
}
