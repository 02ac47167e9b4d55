import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of everything that was downloaded or built, outside the tree. */
export function cacheFolder(): string {
  const own = process.env.BTFDEPOT_CACHE;
  if (own) return resolve(own);
  // An empty one counts as unset.
  const shared = process.env.XDG_CACHE_HOME;
  if (shared) return join(shared, 'btf-depot');
  return join(homedir(), '.cache', 'btf-depot');
}
