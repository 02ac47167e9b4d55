import { join } from 'node:path';
import { networkArguments } from './network.ts';
import { command, rootOf, type LabProgram } from '../programs/programs.ts';

/** A kernel to boot. */
export interface Guest {
  /** Debian's name of the architecture. */
  readonly architecture: string;
  /** The image that boots. */
  readonly vmlinuz: string;
  /** The folder of its modules. */
  readonly modules: string;
}

interface Machine {
  readonly program: LabProgram;
  readonly executable: string;
  readonly console: string;
  readonly args: readonly string[];
  /** Added to the kernel's command line. */
  readonly options?: string;
  /** The network card. */
  readonly card: string;
}

/** One entry for each architecture that the lab can boot. */
const machines: Readonly<Record<string, Machine>> = {
  amd64: {
    program: 'qemu',
    executable: 'usr/bin/qemu-system-x86_64',
    console: 'ttyS0',
    args: ['-machine', 'q35', '-cpu', 'qemu64,+smep,+smap'],
    // If the host is busy, the guest's timer test fails, and it panics.
    options: 'no_timer_check',
    card: 'virtio-net-pci,romfile=',
  },
  arm64: {
    program: 'qemu',
    executable: 'usr/bin/qemu-system-aarch64',
    console: 'ttyAMA0',
    // The first of Arm's cores here that also has pages of 16 kB.
    args: ['-machine', 'virt', '-cpu', 'cortex-a76'],
    card: 'virtio-net-pci,romfile=',
  },
  armhf: {
    program: 'qemu',
    executable: 'usr/bin/qemu-system-arm',
    console: 'ttyAMA0',
    args: ['-machine', 'virt'],
    card: 'virtio-net-device',
  },
  s390x: {
    program: 'qemu-misc',
    executable: 'usr/bin/qemu-system-s390x',
    console: 'ttysclp0',
    args: ['-machine', 's390-ccw-virtio'],
    card: 'virtio-net-ccw',
  },
  ppc64el: {
    program: 'qemu-ppc',
    executable: 'usr/bin/qemu-system-ppc64',
    console: 'hvc0',
    args: ['-machine', 'pseries', '-cpu', 'power9'],
    card: 'virtio-net-pci,romfile=',
  },
  riscv64: {
    program: 'qemu-misc',
    executable: 'usr/bin/qemu-system-riscv64',
    console: 'ttyS0',
    args: ['-machine', 'virt'],
    card: 'virtio-net-device',
  },
  loong64: {
    program: 'qemu-loong',
    executable: 'usr/bin/qemu-system-loongarch64',
    console: 'ttyS0',
    args: ['-machine', 'virt'],
    // Without firmware nothing reports the missing controller, and its driver faults.
    options: 'initcall_blacklist=i8042_init',
    card: 'virtio-net-pci,romfile=',
  },
};

/** The watchdog's complaints about a busy host would appear among results. */
const OPTIONS = 'quiet panic=-1 nowatchdog';

export interface QemuInput extends Guest {
  readonly initramfs: string;
  /** Added to the kernel's command line. */
  readonly commandLine: string;
  readonly memoryMib: number;
  /** See `BootInput`. */
  readonly hostPort?: number;
}

/** The command, its arguments and environment that boot a guest. Throws Absent, RangeError. */
export async function qemuCommand(
  input: QemuInput,
): Promise<{ command: string; args: string[]; env: NodeJS.ProcessEnv }> {
  const machine = machines[input.architecture];
  if (!machine) throw new RangeError(`the lab boots no ${input.architecture}`);
  const call = await command(machine.program, machine.executable);
  const root = rootOf(call, machine.executable);
  const [loader, ...first] = call;
  const args = [
    ...first,
    ...machine.args,
    '-L',
    join(root, 'usr/share/qemu'),
    '-L',
    join(root, 'usr/share/seabios'),
    // Software emulation everywhere, so that runs on different machines agree.
    '-accel',
    'tcg,thread=single',
    '-smp',
    '1',
    '-m',
    String(input.memoryMib),
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-serial',
    'stdio',
    ...(input.hostPort === undefined ? [] : await networkArguments(machine.card, input.hostPort)),
    '-kernel',
    input.vmlinuz,
    '-initrd',
    input.initramfs,
    '-append',
    commandLine(machine, input.commandLine),
  ];
  // Debian's QEMU loads its emulators from the folder of its installation.
  const env = { ...process.env, QEMU_MODULE_DIR: join(root, 'usr/lib/x86_64-linux-gnu/qemu') };
  return { command: loader, args, env };
}

function commandLine({ console, options = '' }: Machine, more: string): string {
  return [`console=${console}`, OPTIONS, options, more].filter((part) => part !== '').join(' ');
}
