// The lab: stock kernels booted in QEMU, to see how they react to our files. Nothing is installed,
// no root is needed: QEMU, busybox and compilers are Debian's packages, unpacked into the cache.
//   boot(guest, { files, steps })   one boot; the result of each step by its name
// A guest's steps are shell scripts (script.ts). Their output and the kernel's log come back over
// the serial console.
//
// To add an architecture, touch: qemu.ts. To add a program for tests: programs.ts.
export { boot, LabError, type Booted, type BootInput } from './boot.ts';
export type { ArchiveFile } from './cpio.ts';
export { HOST_URL } from './network.ts';
export { command, provideLab } from './programs.ts';
export type { Guest } from './qemu.ts';
export type { Step, StepResult } from './script.ts';
