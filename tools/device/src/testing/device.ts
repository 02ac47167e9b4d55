import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPath } from '@btf-depot/services/provision';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { withoutCapabilities } from './without-capabilities.ts';

export const CLIENT = fileURLToPath(
  new URL('../../../../infra/device/btfdepot-fetch', import.meta.url),
);

/** A device's programs: its shell, and everything on the client's PATH. */
export interface Equipment {
  /** `busybox ash`: with busybox's own programs. `dash`: with the usual ones. */
  readonly shell: 'busybox ash' | 'dash';
  /** Further programs of this machine: a downloader, verifiers, decompressors. */
  readonly programs: readonly string[];
}

const BASE = ['cat', 'cp', 'cut', 'find', 'grep', 'id', 'ln', 'ls', 'mkdir', 'mv', 'readlink'];
const USUAL = [
  ...BASE,
  'rm',
  'rmdir',
  'sed',
  'sha256sum',
  'sleep',
  'tail',
  'tr',
  'uname',
  'wc',
  'zcat',
  'gzip',
];
const OF_BUSYBOX = [...USUAL, 'hexdump', 'timeout', 'wget', 'xzcat'];

/** The programs that this machine lacks. */
export function missingFor({ shell, programs }: Equipment): string[] {
  return [...(shell === 'dash' ? ['dash', 'od'] : ['busybox']), ...programs].filter(
    (name) => inPath(name) === undefined,
  );
}

export interface DeviceInput extends Equipment {
  /** Of its kernel: the bytes of /sys/kernel/notes, and of its own BTF if any. */
  readonly notes?: Uint8Array | undefined;
  readonly core?: Uint8Array | undefined;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/**
 * A folder that plays a device's root, with the device's programs on its PATH. Its insmod takes the
 * file `takes` beside it as the BTF of a module. No shell of a device can reach this machine's
 * kernel: it has no capability, and runs the device's insmod.
 */
export class Device {
  readonly #temporary = new TemporaryFolder();
  readonly root = this.#temporary.path;
  readonly #shell: readonly [string, ...string[]];
  readonly #settings: Readonly<Record<string, string>>;

  constructor({ shell, programs, notes, core, settings = {} }: DeviceInput) {
    this.#settings = settings;
    const busybox = inPath('busybox') ?? 'busybox';
    this.#shell = withoutCapabilities(
      shell === 'dash' ? [inPath('dash') ?? 'dash'] : [busybox, 'ash', '-c', OWN_PROGRAMS],
    );
    const link = (name: string, to: string): void => symlinkSync(to, this.#made('bin', name));
    if (shell === 'dash') for (const name of [...USUAL, 'od']) link(name, inPath(name) ?? name);
    else for (const name of OF_BUSYBOX) link(name, busybox);
    for (const name of programs) link(name, inPath(name) ?? name);
    this.write('bin/insmod', INSMOD, 0o755);
    this.write('bin/rmmod', RMMOD, 0o755);
    mkdirSync(this.#made('sys/kernel/btf', ''), { recursive: true });
    this.write('proc/kallsyms', '0000000000000000 D init_task\n');
    if (notes) this.write('sys/kernel/notes', notes);
    if (core) this.write('sys/kernel/btf/vmlinux', core);
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** Replaces the device's file; if it is a link, the link is replaced. */
  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const file = this.#made(path, '');
    rmSync(file, { force: true });
    writeFileSync(file, content, { mode });
  }

  has(path: string): boolean {
    return existsSync(this.path(path));
  }

  /** Runs the client; `settings` are environment variables. */
  async run(
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    const [command, ...first] = this.#shell;
    const child = spawn(command, [...first, CLIENT, ...args], {
      env: { PATH: this.path('bin'), BTFDEPOT_ROOT: this.root, ...this.#settings, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  remove(): void {
    this.#temporary[Symbol.dispose]();
  }

  #made(folder: string, name: string): string {
    const path = this.path(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    return path;
  }
}

/**
 * Some builds of busybox prefer their own applets over PATH (FEATURE_SH_STANDALONE, as Debian's
 * busybox-static has it). Every ash prefers a function over an applet.
 */
const OWN_PROGRAMS = `
${['insmod', 'rmmod', 'sleep', 'uname']
  .map((name) => `${name}() { "$BTFDEPOT_ROOT/bin/${name}" "$@"; }`)
  .join('\n')}
. "$0"
`;

const INSMOD = `#!/bin/sh
module=\${1##*/}
[ ! -e "$BTFDEPOT_ROOT/refuses" ] || { cat "$BTFDEPOT_ROOT/refuses" >&2; exit 1; }
cp "$1" "$BTFDEPOT_ROOT/inserted.ko"
cp "$BTFDEPOT_ROOT/takes" "$BTFDEPOT_ROOT/sys/kernel/btf/\${module%.ko}"
`;

const RMMOD = `#!/bin/sh
rm "$BTFDEPOT_ROOT/sys/kernel/btf/$1"
`;
