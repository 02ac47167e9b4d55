import { execFileSync, spawnSync } from 'node:child_process';

/**
 * Missing parts of clang, gcc and libbpf's headers, by Debian's names; in CI the tests run, and
 * fail.
 */
export function missingCompilers(): string[] {
  if (process.env.CI === 'true') return [];
  const missing = ['clang', 'gcc'].filter((tool) => spawnSync(tool, ['--version']).error);
  const header = spawnSync('gcc', ['-E', '-x', 'c', '-'], { input: '#include <bpf/btf.h>\n' });
  if (missing.length === 0 && header.status !== 0) missing.push('libbpf-dev');
  return missing;
}

/** Compiles C to a program on libbpf. */
export function buildProgram(source: string, output: string): void {
  execFileSync('gcc', ['-x', 'c', '-', '-o', output, '-lbpf'], { input: source });
}
