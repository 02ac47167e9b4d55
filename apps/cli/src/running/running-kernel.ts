import { readFile, realpath } from 'node:fs/promises';
import { endianness, machine, release } from 'node:os';
import { FormatError } from '@btf-depot/bytes';
import { parseBtf } from '@btf-depot/btf';
import {
  structModule,
  type RunningKernel as LoadingKernel,
  type StructModule,
} from '@btf-depot/carrier';
import type { Delivery } from '@btf-depot/contracts';
import { buildIdOf, readNotes } from '@btf-depot/elf';
import { readSystem } from './running-system.ts';
import { UsageError } from '../options/usage-error.ts';

/** The file of the running kernel's BTF. */
export const RUNNING_BTF = '/sys/kernel/btf/vmlinux';

export interface RunningKernel {
  buildId: string;
  release: string;
  /** As in `uname -m`. */
  arch: string;
}

/** @throws UsageError if the system has no Linux kernel for `what`. */
export function needLinux(what: string, platform: NodeJS.Platform = process.platform): void {
  if (platform === 'linux') return;
  throw new UsageError(
    `${what} needs a running Linux kernel, and this system is ${platform}; ` +
      'name a build ID or a file instead',
  );
}

/** @returns undefined if the kernel does not tell its build ID, or this is no Linux. */
export async function runningKernel(): Promise<RunningKernel | undefined> {
  const notes = await readFile('/sys/kernel/notes').catch(() => undefined);
  const buildId = notes && buildIdOf(readNotes(notes, endianness() === 'LE' ? 'little' : 'big'));
  return buildId === undefined ? undefined : { buildId, release: release(), arch: machine() };
}

/**
 * Facts that this system's BTF of its kernel does not contain: the build ID, and that the kernel
 * has it inside. Nothing for other files.
 */
export async function queryOfRunning(
  path: string,
): Promise<Partial<RunningKernel> & { delivery?: Delivery }> {
  const isOurs = await realpath(path).then(
    (real) => real === RUNNING_BTF,
    () => false,
  );
  return isOurs ? { ...(await runningKernel()), delivery: 'builtin' } : {};
}

/** Decides whether a carrier is for the kernel that runs here. */
export async function loadingKernel(): Promise<LoadingKernel> {
  needLinux('--running');
  const { buildId, btf, enforcesSignatures } = await readSystem();
  return {
    buildId,
    btfSha256: btf?.sha256,
    structModule: btf && (await moduleLayout()),
    enforcesSignatures,
  };
}

/** Nothing if the kernel's BTF lacks them. */
async function moduleLayout(): Promise<StructModule | undefined> {
  const core = await readFile(RUNNING_BTF);
  const bits = /64|s390x|alpha/.test(machine()) ? 64 : 32;
  try {
    return structModule(parseBtf(core), bits);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
