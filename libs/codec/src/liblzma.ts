import { initModule, type LZMAModule } from 'node-liblzma/wasm';

let started: Promise<LZMAModule> | undefined;

/**
 * liblzma as WebAssembly: the same version, and so the same bytes, on every machine, with nothing
 * that must be compiled where it is installed. Measured against xz 5.4 on
 * 20 MB of a vmlinux: 1.05 times the processor time, packing and unpacking. Started when it
 * is first asked for, not by a module that waits for it: a thread that is ended while one of its
 * modules waits takes the whole process with it (Node 24, nodejs/node issue 60755).
 */
export function liblzma(): Promise<LZMAModule> {
  return (started ??= initModule());
}
