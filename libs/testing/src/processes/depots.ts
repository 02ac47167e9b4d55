import { afterAll, beforeAll } from 'vitest';
import { startDepot, type StartedDepot } from './processes.ts';

/**
 * The embedded depot for the tests of the calling file or `describe`: started before the first of
 * them, stopped after the last one.
 *
 * @param data its folder.
 * @returns its address, once it is started.
 */
export function testDepot(
  data: string,
  settings: Record<string, string> = {},
): { readonly url: string } {
  let depot: StartedDepot | undefined;
  beforeAll(async () => {
    depot = await startDepot(data, settings);
  });
  afterAll(() => depot?.stop());
  return {
    get url() {
      if (!depot) throw new Error('the depot is started by a hook: ask for its URL in a test');
      return depot.url;
    },
  };
}
