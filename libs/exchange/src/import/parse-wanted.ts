import {
  isBuildId,
  wantedListSchema,
  type WantedKernel,
  type WantedList,
} from '@btf-depot/contracts';
import { z } from 'zod';

/** A depot's own list, `/v1/wanted` on its admin port. */
const missesSchema = z.array(z.looseObject({ buildId: z.string(), code: z.string() }));

/**
 * @param text the output of `btfdepot wanted`, a depot's answer at `/v1/wanted`, or a build ID or
 *   release in each line.
 * @throws Error for anything else.
 */
export function parseWanted(text: string): WantedKernel[] {
  if (/^\s*[[{]/.test(text)) {
    const json: unknown = JSON.parse(text);
    const misses = missesSchema.safeParse(json);
    const list: WantedList = misses.success
      ? { wanted: misses.data.map(({ buildId }) => ({ buildId })) }
      : wantedListSchema.parse(json);
    return list.wanted.filter(({ buildId, release }) => buildId ?? release);
  }
  return text.split('\n').flatMap((line) => {
    const word = line.replace(/#.*/, '').trim();
    if (word === '') return [];
    return [isBuildId(word) ? { buildId: word } : { release: word }];
  });
}
