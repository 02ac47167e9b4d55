import { join } from 'node:path';

/**
 * The command's folder for caches, by the XDG Base Directory Specification: an empty variable is
 * the same as none. Undefined without a home folder.
 */
export function cacheFolder({ HOME, XDG_CACHE_HOME } = process.env): string | undefined {
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'btf-depot');
  return HOME ? join(HOME, '.cache', 'btf-depot') : undefined;
}
