import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { withLock } from './lock.ts';

/** Where everything that was downloaded or built is kept, outside the tree. */
export function cacheFolder(): string {
  const own = process.env.BTFDEPOT_CACHE;
  if (own) return resolve(own);
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'btf-depot');
}

/** The folder that a recipe is made into: another recipe, another folder. */
export function cachedAt(name: string, recipe: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 8);
  return join(cacheFolder(), `${name}-${digest}`);
}

export function isCached(name: string, recipe: unknown): boolean {
  return existsSync(cachedAt(name, recipe));
}

/**
 * The folder of a recipe, made by `make` when it is not there yet. It appears complete or not at
 * all: it is made aside, under a lock, and renamed.
 */
export async function cached(
  name: string,
  recipe: unknown,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cachedAt(name, recipe);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  return await withLock(name, async () => {
    if (existsSync(folder)) return folder;
    for (const left of globSync(`${folder}.part-*`)) await rm(left, { recursive: true });
    const part = await mkdtemp(`${folder}.part-`);
    await make(part);
    await rename(part, folder);
    return folder;
  });
}
