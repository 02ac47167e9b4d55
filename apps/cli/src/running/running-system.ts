import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '@btf-depot/depot';
import { buildIdOf, readNotes } from '@btf-depot/elf';
import { UsageError } from '../options/usage-error.ts';

/** Facts about a running kernel; undefined if unknown. */
export interface System {
  readonly release: string | undefined;
  /** As in `uname -m`. */
  readonly arch: string | undefined;
  readonly buildId: string | undefined;
  /** Its own BTF in sysfs. */
  readonly btf: { readonly sha256: string; readonly size: number } | undefined;
  /** Carriers in sysfs. */
  readonly carriers: readonly string[];
  /** Where libbpf finds BTF for a kernel that shows none. */
  readonly placed: string | undefined;
  readonly takesModules: boolean | undefined;
  readonly enforcesSignatures: boolean;
  readonly lockdown: string | undefined;
  /** Whether kallsyms has data (CONFIG_KALLSYMS_ALL), and shows addresses to this user. */
  readonly symbols: { readonly data: boolean; readonly addresses: boolean } | undefined;
}

/** The files that `readSystem` reads, for copying from a system without Node. */
export const SYSTEM_FILES = [
  '/proc/sys/kernel/osrelease',
  '/proc/sys/kernel/arch',
  '/proc/modules',
  '/proc/kallsyms',
  '/sys/kernel/notes',
  '/sys/kernel/btf',
  '/sys/kernel/security/lockdown',
  '/sys/module/module/parameters/sig_enforce',
] as const;

/**
 * @param root of the system, or a folder with copies of its `SYSTEM_FILES`.
 * @throws UsageError for a folder with none of them, and for empty copies, as tar and rsync make of
 *   /proc and /sys.
 */
export async function readSystem(root = '/'): Promise<System> {
  const bytes = (path: string) => readFile(join(root, path)).catch(() => undefined);
  const text = async (path: string) => (await bytes(path))?.toString('latin1').trim();
  const [release, arch, modules, symbols, notes, btf, lockdown, enforced] = await Promise.all([
    text('/proc/sys/kernel/osrelease'),
    text('/proc/sys/kernel/arch'),
    text('/proc/modules'),
    text('/proc/kallsyms'),
    bytes('/sys/kernel/notes'),
    bytes('/sys/kernel/btf/vmlinux'),
    text('/sys/kernel/security/lockdown'),
    text('/sys/module/module/parameters/sig_enforce'),
  ]);
  const all = [release, arch, modules, symbols, notes, btf, lockdown, enforced];
  if (root !== '/' && all.every((content) => content === undefined)) {
    throw new UsageError(`${root}: no system's root and no copies of its files, see --help`);
  }
  const filled = { osrelease: release, kallsyms: symbols, notes, btf };
  for (const [name, content] of Object.entries(filled)) {
    if (content?.length !== 0 || root === '/') continue;
    throw new UsageError(
      `${root}: its copy of ${name} is empty: tar and rsync copy nothing of files in /proc and ` +
        '/sys; copy each with cat FILE > COPY',
    );
  }
  const names = await readdir(join(root, '/sys/kernel/btf')).catch(() => []);
  const locked = lockdown === undefined ? undefined : /\[(\w+)\]/.exec(lockdown)?.[1];
  return {
    release,
    arch,
    buildId: notes && buildIdOfNotes(notes),
    btf: btf && { sha256: sha256Of(btf), size: btf.length },
    carriers: names.filter((name) => /^btf_vmlinux|^vmlinux[.]/.test(name)),
    placed: release === undefined ? undefined : await placedBtf(root, release),
    // If a copy is missing, nothing is known.
    takesModules: modules !== undefined || (root === '/' ? false : undefined),
    enforcesSignatures: enforced === 'Y' || (locked !== undefined && locked !== 'none'),
    lockdown: locked,
    symbols: symbols === undefined || symbols === '' ? undefined : judgeSymbols(symbols),
  };
}

/** A note begins with the size of its owner, whose first byte is zero in big-endian only. */
function buildIdOfNotes(notes: Uint8Array): string | undefined {
  return buildIdOf(readNotes(notes, notes[0] === 0 ? 'big' : 'little'));
}

function judgeSymbols(kallsyms: string): NonNullable<System['symbols']> {
  const text = /^([0-9a-f]+) [Tt] _s?text$/m.exec(kallsyms);
  return {
    data: /^[0-9a-f]+ [A-Za-z] init_task$/m.test(kallsyms),
    addresses: text !== null && !/^0+$/.test(text[1] ?? ''),
  };
}

/** The places where libbpf (btf__load_vmlinux_btf) and cilium/ebpf look, as far as we use them. */
async function placedBtf(root: string, release: string): Promise<string | undefined> {
  const places = [`/boot/vmlinux-${release}`, `/lib/modules/${release}/vmlinux-${release}`];
  for (const place of places) {
    const found = await readFile(join(root, place)).catch(() => undefined);
    if (found) return place;
  }
  return undefined;
}
