import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ArchiveFile } from '../machine/cpio.ts';
import { neededLibraries } from './needed-libraries.ts';
import { command, type LabProgram } from './programs.ts';

export interface GuestProgramOptions {
  /** The guest's architecture; by default this machine's. */
  readonly architecture?: string;
  /** Shared objects that it loads at run time, with their libraries. */
  readonly alsoFor?: readonly string[];
}

/**
 * A program for a guest: the executable with its own libraries and loader, and a command of its
 * name in `/bin`.
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
  // A program with several tools goes by the name of the call (kmod).
  const call = `/${folder}/ld.so --library-path /${folder} --argv0 "$(basename "$0")" /${folder}/${as}`;
  const script = `#!/bin/busybox sh\nexec ${call} "$@"\n`;
  return [
    ...[...shared].map(file),
    { ...file(loader), path: `${folder}/ld.so` },
    file(path),
    { path: `bin/${as}`, bytes: Buffer.from(script), executable: true },
  ];
}
