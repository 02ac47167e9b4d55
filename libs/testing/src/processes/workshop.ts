import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TemporaryFolder } from '../temporary-folder.ts';

const maxBuffer = 2 ** 28;

/** A folder in which other people's programs make files for unpacking. */
export class Workshop implements Disposable {
  readonly #temporary = new TemporaryFolder();
  readonly folder = this.#temporary.path;

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Writes files and their folders. */
  write(files: Record<string, Uint8Array | string>): void {
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(dirname(this.at(name)), { recursive: true });
      writeFileSync(this.at(name), bytes);
    }
  }

  read(name: string): Buffer<ArrayBuffer> {
    return readFileSync(this.at(name));
  }

  link(from: string, to: string): void {
    mkdirSync(dirname(this.at(to)), { recursive: true });
    linkSync(this.at(from), this.at(to));
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true, force: true });
  }

  /** @returns standard output. */
  run(program: string, ...args: string[]): Uint8Array {
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe'];
    return new Uint8Array(execFileSync(program, args, { cwd: this.folder, maxBuffer, stdio }));
  }

  [Symbol.dispose](): void {
    this.#temporary[Symbol.dispose]();
  }
}

/** A program's output for a standard input. */
export function filtered(
  input: Uint8Array,
  [program = '', ...args]: readonly string[],
  cwd?: string,
): Uint8Array {
  return new Uint8Array(execFileSync(program, args, { input, maxBuffer, cwd }));
}
