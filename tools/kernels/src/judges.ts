import { dirname } from 'node:path';
import { programCommand, programFiles, provideProgram, run } from '@btf-depot/services/provision';
import { toolNames, tools, type ToolName } from './table.ts';

function judge(tool: ToolName, executable: string) {
  return async (args: readonly string[]): Promise<string> => {
    const [loader, ...first] = programCommand(tools[tool], executable);
    return await run(loader, [...first, ...args]);
  };
}

// Each runs a tool that must succeed, and returns its standard output.
/** pahole 1.30. */
export const pahole = judge('pahole', 'usr/bin/pahole');
/** Debian 12's bpftool. */
export const bpftool = judge('bpftool', 'usr/sbin/bpftool');
/** Debian 12's readelf. */
export const readelf = judge('binutils', 'usr/bin/readelf');

/** Debian 12's addr2line. */
export const addr2line = judge('binutils', 'usr/bin/addr2line');
/** LLVM 14's. */
export const llvmDwarfdump = judge('llvm', 'usr/lib/llvm-14/bin/llvm-dwarfdump');
export const llvmSymbolizer = judge('llvm', 'usr/lib/llvm-14/bin/llvm-symbolizer');

/**
 * Builds a program of C on libbpf 1.7 with the system's gcc: static, and all of it from the suite
 * of that libbpf, whose C library is newer than Debian 12's.
 */
export async function compileOnLibbpf(source: string, output: string): Promise<void> {
  const [archive] = programFiles(tools.libbpf, 'usr/lib/*/libbpf.a');
  const [root] = programFiles(tools.libbpf, '.');
  const folder = dirname(archive);
  const from = [`--sysroot=${root}`, `-B${folder}`, `-L${folder}`];
  const libraries = ['-lbpf', '-lelf', '-lz', '-lzstd'];
  await run('gcc', [...from, '-static', '-O2', source, '-o', output, ...libraries]);
}

export async function provideTools(): Promise<void> {
  for (const name of toolNames) await provideProgram(tools[name]);
}
