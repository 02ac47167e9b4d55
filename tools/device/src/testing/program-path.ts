import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of a program of this machine. */
export function programPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
