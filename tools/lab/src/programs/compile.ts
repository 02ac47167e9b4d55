import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Absent, attempt, cached, run, say } from '@btf-depot/services/provision';
import { guestFile } from '../guest-file.ts';
import { command } from './programs.ts';

/** A BPF object of one of the sources in `guest/`, with the macros that it needs. */
export async function compileBpf(
  source: string,
  macros: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const defined = Object.entries(macros).map(([name, value]) => `-D${name}=${value}`);
  return await inFolder(async (folder) => {
    const object = join(folder, 'object');
    await clang(['--target=bpf', '-g', '-O2', ...defined, '-c', guestFile(source), '-o', object]);
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
    await clang([target, ...flags, '-c', guestFile(source), '-o', object]);
    const [loader, ...first] = await command('clang', 'usr/lib/llvm-14/bin/lld');
    await run(loader, [...first, '-flavor', 'gnu', '-static', object, '-o', program]);
    return await readFile(program);
  });
}

/** A static program of this machine's architecture, linked with libbpf (Debian's libbpf-dev). */
export async function compileWithLibbpf(source: string): Promise<Uint8Array> {
  return await inFolder(async (folder) => {
    const program = join(folder, 'program');
    const libraries = ['-lbpf', '-lelf', '-lz'];
    await run('gcc', ['-O2', '-static', '-o', program, guestFile(source), ...libraries]);
    return await readFile(program);
  });
}

/** The static program of a folder in `guest/`, built with Go and the modules that it names. */
export async function compileGo(folder: string): Promise<Uint8Array> {
  const source = guestFile(folder);
  const names = (await readdir(source)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  const built = await cached(`programs/${folder}`, texts, async (into) => {
    say(`building ${folder} with Go`);
    const env = { ...process.env, CGO_ENABLED: '0' };
    const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', join(into, folder), '.'];
    const { code, stderr } = await attempt('go', args, { cwd: source, env });
    if (code !== 0) throw new Absent(`${folder} was not built`, stderr.trim());
  });
  return await readFile(join(built, folder));
}

async function clang(args: readonly string[]): Promise<void> {
  const [loader, ...first] = await command('clang', 'usr/lib/llvm-14/bin/clang');
  await run(loader, [...first, '-Wall', '-Werror', ...args]);
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-lab-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
