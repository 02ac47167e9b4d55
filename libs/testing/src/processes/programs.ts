import { execFile, spawnSync } from 'node:child_process';
import { test } from 'vitest';

/** Runs a program to its end. @throws with all its output if it fails. */
export function runIn(
  folder: string,
  [program = '', ...args]: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const env = { ...process.env, ...environment };
  return new Promise((resolve, reject) => {
    const run = execFile(program, args, { cwd: folder, env }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error) reject(new Error(`${program} ended with ${run.exitCode}: ${output}`));
      else resolve(output);
    });
  });
}

/**
 * `test` if all these programs are installed; otherwise skipped with a reason, except under CI.
 * @param programs names, or commands that must succeed here.
 */
export function testWith(
  programs: readonly string[],
  name: string,
  body: () => Promise<void> | void,
  timeout = 300_000,
) {
  const missing = programs.filter(
    (program) =>
      spawnSync('sh', ['-c', program.includes(' ') ? program : `command -v ${program}`]).status !==
      0,
  );
  if (missing.length === 0 || process.env.CI === 'true') test(name, body, timeout);
  else test.skip(`${name} (needs ${missing.join(', ')})`, body);
}
