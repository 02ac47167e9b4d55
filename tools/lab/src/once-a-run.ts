import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { withLock } from '@btf-depot/services/provision';
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder of this test run, removed at its end. */
    labFolder: string;
  }
}

/** The result of `make` for all test files of a run: plain data, made by the first that asks. */
export async function onceARun<T>(name: string, make: () => Promise<T>): Promise<T> {
  const folder = inject('labFolder');
  const file = join(folder, name);
  return await withLock(`lab-${name}`, async () => {
    if (existsSync(file)) return deserialize(await readFile(file)) as T;
    const made = await make();
    await writeFile(`${file}.part`, serialize(made));
    await rename(`${file}.part`, file);
    return made;
  });
}
