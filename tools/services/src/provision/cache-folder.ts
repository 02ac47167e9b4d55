import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of everything that was downloaded or built, outside the tree. */
export function cacheFolder(): string {
  const own = process.env.BTFDEPOT_CACHE;
  if (own) return resolve(own);
  const { XDG_CACHE_HOME } = process.env;
  return join(XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'btf-depot');
}
