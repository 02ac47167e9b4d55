import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cpioArchive, type ArchiveFile } from './cpio.ts';
import { networkModules } from './network.ts';
import { busyboxPath } from '../programs/programs.ts';
import { qemuCommand, type Guest } from './qemu.ts';
import {
  hasEnded,
  initScript,
  readResults,
  STEP_SCRIPT,
  type Step,
  type StepResult,
} from './script.ts';

export interface BootInput {
  /** Put beside busybox (`/bin`), where steps find them. */
  readonly files?: readonly ArchiveFile[];
  readonly steps: readonly Step[];
  /** Added to the kernel's command line. */
  readonly commandLine?: string;
  /** A port of this machine's loopback that the guest reaches as `HOST_URL`; none: no network. */
  readonly hostPort?: number;
  /** Default 512. */
  readonly memoryMib?: number;
  /** Time limit for all; default 240. */
  readonly seconds?: number;
}

export interface Booted {
  /** By name; throws here for a step that the kernel did not finish. */
  readonly step: (name: string) => StepResult;
  /** All output of the console. */
  readonly console: string;
  readonly seconds: number;
}

/** The guest did not finish its steps; the message ends with the console's last lines. */
export class LabError extends Error {
  readonly code = 'lab';
  readonly console: string;

  constructor(what: string, console: string) {
    super(`${what}\n${console.split('\n').slice(-30).join('\n')}`);
    this.name = 'LabError';
    this.console = console;
  }
}

/**
 * Boots a kernel in QEMU with an initramfs of busybox and the given files, runs the steps and
 * returns their results. Throws LabError if the console lacks a step at the end, and Absent if QEMU
 * or busybox cannot be provided.
 */
export async function boot(guest: Guest, input: BootInput): Promise<Booted> {
  const { commandLine = '', memoryMib = 512, seconds = 240, hostPort } = input;
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-lab-'));
  try {
    const initramfs = join(folder, 'initramfs');
    await writeFile(initramfs, await archive(guest, input));
    const start = performance.now();
    const network = hostPort === undefined ? {} : { hostPort };
    const machine = { ...guest, initramfs, commandLine, memoryMib, ...network };
    const console = await run(machine, seconds);
    const took = (performance.now() - start) / 1000;
    return { step: resultsOf(console), console, seconds: took };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function archive(guest: Guest, input: BootInput): Promise<Uint8Array> {
  const { files = [], steps, hostPort } = input;
  const hasNetwork = hostPort !== undefined;
  const text = (path: string, content: string, executable = false): ArchiveFile => ({
    path,
    bytes: Buffer.from(content),
    executable,
  });
  return cpioArchive([
    {
      path: 'bin/busybox',
      bytes: await readFile(await busyboxPath(guest.architecture)),
      executable: true,
    },
    ...(hasNetwork ? await networkModules(guest.modules) : []),
    text('init', initScript(steps, hasNetwork), true),
    text('lab/step', STEP_SCRIPT),
    ...steps.map(({ name, run: script }) => text(`lab/steps/${name}`, `${script}\n`)),
    ...files,
  ]);
}

async function run(input: Parameters<typeof qemuCommand>[0], seconds: number): Promise<string> {
  const { command, args, env } = await qemuCommand(input);
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('latin1').on('data', (text: string) => (errors += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const endWithUs = (): unknown => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0 && status !== null) throw new LabError(`QEMU: exit ${status}`, errors);
    if (!hasEnded(output)) {
      const why = status === null ? `not done after ${seconds} s` : 'ended early';
      throw new LabError(`the guest: ${why}`, output);
    }
    return output;
  } finally {
    clearTimeout(timer);
    process.off('exit', endWithUs);
  }
}

function resultsOf(console: string): (name: string) => StepResult {
  const unpack = (text: string): string =>
    gunzipSync(Buffer.from(text, 'base64')).toString('latin1');
  const results = new Map(
    readResults(console).map(({ name, status, output, kernelLog }) => [
      name,
      { status, output: unpack(output), kernelLog: unpack(kernelLog) },
    ]),
  );
  return (name) => {
    const result = results.get(name);
    if (!result) throw new LabError(`step ${name} has no result`, console);
    return result;
  };
}
