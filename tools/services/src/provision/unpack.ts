import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { CommandError, run } from './command.ts';

/** Unpacks a whole Debian package into a folder. */
export async function unpack(deb: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run('dpkg-deb', ['-x', deb, folder]);
}

/**
 * Unpacks what of a Debian package matches the patterns (tar's, `./` in front): a package with debug
 * information is mostly what nobody asked for.
 */
export async function unpackSome(
  deb: string,
  folder: string,
  patterns: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const reader = spawn('dpkg-deb', ['--fsys-tarfile', deb], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const tar = spawn('tar', ['-x', '-C', folder, '--wildcards', ...patterns], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = once(tar, 'close') as Promise<[number | null]>;
  const [said, [code]] = await Promise.all([
    text(tar.stderr),
    ended,
    pipeline(reader.stdout, tar.stdin),
  ]);
  if (code !== 0) throw new CommandError(`tar ${patterns.join(' ')}`, `exit ${String(code)}`, said);
}
