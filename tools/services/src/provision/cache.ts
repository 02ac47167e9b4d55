import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { withLock } from './lock.ts';

/** The folder of a recipe's result: another recipe has another folder. */
export function cachedAt(name: string, recipe: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 8);
  return join(cacheFolder(), `${name}-${digest}`);
}

export function isCached(name: string, recipe: unknown): boolean {
  return existsSync(cachedAt(name, recipe));
}

/**
 * The folder of a recipe's result; `make` makes a missing one. It appears complete or not at all:
 * it is made aside, under a lock, and renamed.
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
