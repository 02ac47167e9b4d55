// The lab: stock kernels booted in QEMU, to see how they react to our files. Nothing is installed,
// no root is needed: QEMU, busybox and compilers are Debian's packages, unpacked into the cache.
//   boot(guest, { files, steps })   one boot; the result of each step by its name
// A guest's steps are shell scripts (machine/script.ts). Their output and the kernel's log come back
// over the serial console.
//
// To add an architecture, touch: machine/qemu.ts. To add a program for tests: programs/programs.ts.
export { boot, LabError, type Booted, type BootInput } from './machine/boot.ts';
export type { ArchiveFile } from './machine/cpio.ts';
export { HOST_URL } from './machine/network.ts';
export { command, provideLab } from './programs/programs.ts';
export type { Guest } from './machine/qemu.ts';
export type { Step, StepResult } from './machine/script.ts';
