// Programs of the lab, from Debian's packages: data, and how to call them. To add a program: here.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import {
  cached,
  debianSuite,
  lookUp,
  machineArchitecture,
  programCommand,
  provideProgram,
  unpack,
  withPackages,
  type CommandLine,
  type DebianProgram,
} from '@btf-depot/services/provision';

const suite = 'bookworm';

const programs = {
  qemu: {
    name: 'qemu',
    suite,
    packages: [
      'qemu-system-x86',
      'qemu-system-arm',
      'qemu-system-common',
      'qemu-system-data',
      'seabios',
      'ipxe-qemu',
    ],
  },
  // For programs of the guest: BPF programs of libbpf's kind, and the one that calls bpf(2) itself.
  clang: { name: 'clang', suite, packages: ['clang-14', 'lld-14'] },
  kmod: { name: 'kmod', suite, packages: ['kmod'] },
  bpftool: { name: 'bpftool', suite, packages: ['bpftool'] },
  bpftrace: { name: 'bpftrace', suite, packages: ['bpftrace'] },
  python: {
    name: 'python',
    suite,
    packages: ['python3.11-minimal', 'libpython3.11-stdlib', 'libstdc++6'],
  },
  // Its setpriv starts programs with only some capabilities.
  'util-linux': { name: 'util-linux', suite, packages: ['util-linux'] },
  signify: { name: 'signify', suite, packages: ['signify-openbsd'] },
  kbuild: { name: 'kbuild', suite, packages: ['linux-kbuild-6.1'] },
} as const satisfies Record<string, DebianProgram>;

/** Emulators of kernels that are fetched by name, 50 MB each: fetched when one boots. */
const emulators = {
  'qemu-misc': {
    name: 'qemu-misc',
    suite,
    packages: ['qemu-system-misc', 'qemu-system-common', 'qemu-system-data'],
  },
  'qemu-ppc': {
    name: 'qemu-ppc',
    suite,
    packages: ['qemu-system-ppc', 'qemu-system-common', 'qemu-system-data'],
  },
  // The first suite whose QEMU starts a kernel of the architecture without firmware.
  'qemu-loong': {
    name: 'qemu-loong',
    suite: 'trixie',
    packages: ['qemu-system-misc', 'qemu-system-common', 'qemu-system-data'],
  },
} as const satisfies Record<string, DebianProgram>;

export type LabProgram = keyof typeof programs | keyof typeof emulators;

/**
 * An executable of a program, and its first arguments; for another architecture, to be copied to a
 * guest. Throws Absent.
 */
export async function command(
  name: LabProgram,
  executable: string,
  architecture = machineArchitecture(),
): Promise<CommandLine> {
  const foreign = architecture === machineArchitecture() ? {} : { architecture };
  const program: DebianProgram = { ...{ ...programs, ...emulators }[name], ...foreign };
  await provideProgram(program);
  return programCommand(program, executable);
}

/** Fetches all programs of the lab's tests, so that a missing one shows before the first boot. */
export async function provideLab(): Promise<void> {
  for (const program of Object.values(programs)) await provideProgram(program);
  for (const architecture of ['amd64', 'arm64']) await busyboxPath(architecture);
}

/** Folder of an executable's package root, with its data files. */
export function rootOf(call: CommandLine, executable: string): string {
  return (call.at(-1) ?? '').slice(0, -executable.length);
}

/** The first suite of Debian for architectures that are younger than `suite`. */
const firstSuites: Readonly<Record<string, string>> = { riscv64: 'trixie', loong64: 'sid' };

/** Path of busybox without shared libraries, for this machine or a guest's architecture. */
export async function busyboxPath(architecture = machineArchitecture()): Promise<string> {
  const packages = ['busybox-static'];
  const folder = await cached(`guests/busybox-${architecture}`, [packages], async (into) => {
    const debian = await debianSuite(firstSuites[architecture] ?? suite, architecture);
    const found = await lookUp(debian, { packages, closure: false });
    await withPackages(debian, found, `busybox (${architecture})`, async (files) => {
      for (const file of files) await unpack(file, into);
    });
  });
  // Newer packages have all programs below /usr.
  const [path = join(folder, 'bin/busybox')] = globSync(join(folder, '{,usr/}bin/busybox'));
  return path;
}
