import { ElfType, writeRelocatable } from '@btf-depot/elf';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';

/** A vmlinux as far as its header tells: an executable. */
export function executableKernel(buildId: string): Uint8Array {
  return new Uint8Array(kernelFile({ buildId, ballast: 300 })).with(16, ElfType.EXEC);
}

/** A module as the kernel's build links it. */
export const moduleFile: Uint8Array = writeRelocatable({
  class: 64,
  endian: 'little',
  machine: 62,
  sections: [{ name: '.gnu.linkonce.this_module', bytes: new Uint8Array(64) }],
});

/** An arm64 Image: header, banner, the vDSO's build ID, then notes directly followed by BTF. */
export function armImage(buildId: string): Uint8Array {
  const note = (id: string) =>
    Buffer.concat([
      Buffer.from('040000001400000003000000', 'hex'),
      Buffer.from('GNU\0'),
      Buffer.from(id, 'hex'),
    ]);
  const head = Buffer.alloc(64);
  head.write('MZ');
  head.write('ARM\x64', 56);
  const banner = Buffer.from('Linux version 6.12.0-test (builder@example) #1\n\0');
  return new Uint8Array(
    Buffer.concat([
      head,
      banner,
      note(buildIdOf('vdso')),
      new Uint8Array(8192),
      note(buildId),
      kernelBtf(),
    ]),
  );
}
