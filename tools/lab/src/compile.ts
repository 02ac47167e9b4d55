import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '@btf-depot/services/provision';
import { command } from './programs.ts';

/** A BPF object of one of the sources in `guest/`, with macros that it asks for. */
export async function compileBpf(
  source: string,
  macros: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const defined = Object.entries(macros).map(([name, value]) => `-D${name}=${value}`);
  return await inFolder(async (folder) => {
    const object = join(folder, 'object');
    await clang(['--target=bpf', '-g', '-O2', ...defined, '-c', guestSource(source), '-o', object]);
    return await readFile(object);
  });
}

const triples: Readonly<Record<string, string>> = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

/** A static program of one of the sources in `guest/`, which need no C library. */
export async function compileProgram(source: string, architecture: string): Promise<Uint8Array> {
  const target = `--target=${triples[architecture] ?? architecture}`;
  const flags = ['-O2', '-ffreestanding', '-fno-stack-protector', '-fno-pie'];
  return await inFolder(async (folder) => {
    const object = join(folder, 'object');
    const program = join(folder, 'program');
    await clang([target, ...flags, '-c', guestSource(source), '-o', object]);
    const [loader, ...first] = await command('clang', 'usr/lib/llvm-14/bin/lld');
    await run(loader, [...first, '-flavor', 'gnu', '-static', object, '-o', program]);
    return await readFile(program);
  });
}

async function clang(args: readonly string[]): Promise<void> {
  const [loader, ...first] = await command('clang', 'usr/lib/llvm-14/bin/clang');
  await run(loader, [...first, '-Wall', '-Werror', ...args]);
}

function guestSource(name: string): string {
  return fileURLToPath(new URL(`guest/${name}`, import.meta.url));
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-lab-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
