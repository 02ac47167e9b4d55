import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** Path of a step for build farms. */
export const farmFile = (path: string) => join(root, 'infra/farm', path);

/** Writes files by their paths below a folder; those that begin with `#!` are executable. */
export function writeFiles(folder: string, files: Record<string, string | Uint8Array>): void {
  for (const [path, content] of Object.entries(files)) {
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
    if (typeof content === 'string' && content.startsWith('#!')) chmodSync(at, 0o755);
  }
}

/** A script that runs this checkout's `btfdepot`, for the PATH of a build. */
export const btfdepotScript = `#!/bin/sh
exec ${process.execPath} ${join(root, 'apps/cli/src/main.ts')} "$@"
`;
