import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ArchiveFile } from './cpio.ts';
import { neededLibraries } from './needed-libraries.ts';
import { command, type LabProgram } from './programs.ts';

export interface GuestProgramOptions {
  /** Of the guest; by default this machine's. */
  readonly architecture?: string;
  /** Shared objects that it loads while it runs, and whose libraries it is to have too. */
  readonly alsoFor?: readonly string[];
}

/**
 * A program for a guest: the executable with the libraries and the loader that came with it, and a
 * command of its name in `/bin`.
 */
export async function guestProgram(
  name: LabProgram,
  executable: string,
  { architecture, alsoFor = [] }: GuestProgramOptions = {},
): Promise<ArchiveFile[]> {
  const [loader, , libraries = '', path = ''] = await command(name, executable, architecture);
  const folder = `opt/${name}`;
  const as = basename(executable);
  const file = (from: string): ArchiveFile => ({
    path: `${folder}/${basename(from)}`,
    bytes: readFileSync(from),
    executable: true,
  });
  const folders = libraries.split(':');
  const shared = new Set([path, ...alsoFor].flatMap((one) => neededLibraries(one, folders)));
  // The name that it was called by decides what a program of several tools does (kmod).
  const call = `/${folder}/ld.so --library-path /${folder} --argv0 "$(basename "$0")" /${folder}/${as}`;
  const script = `#!/bin/busybox sh\nexec ${call} "$@"\n`;
  return [
    ...[...shared].map(file),
    { ...file(loader), path: `${folder}/ld.so` },
    file(path),
    { path: `bin/${as}`, bytes: Buffer.from(script), executable: true },
  ];
}
