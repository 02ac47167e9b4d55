import { carrierTarget } from '@btf-depot/carrier';
import type { ArtifactName } from '@btf-depot/contracts';
import { packKernel, splitKernel, type KernelParts, type PackInput } from '@btf-depot/depot';
import type { Kernel } from '@btf-depot/kernels';
import { openFileSource } from '@btf-depot/service-kit';

/** What the depot makes of a kernel. */
export interface BuiltCarriers {
  readonly parts: KernelParts;
  readonly artifact: (name: ArtifactName) => Uint8Array;
  /** How the compressor was asked for the artifacts. */
  readonly pack: PackInput;
  readonly target: ReturnType<typeof carrierTarget>;
}

/** The way of an upload of vmlinux with its DWARF, without the services around it. */
export function buildCarriers({ vmlinux }: Kernel): BuiltCarriers {
  using kernel = openFileSource(vmlinux);
  const parts = splitKernel({ kernel }, { extras: ['vars'] });
  const { buildId, delivery, arch, bits, endian, core, vars, ksyms, carrier } = parts;
  const pack: PackInput = {
    buildId,
    revision: 1,
    delivery,
    endian,
    ...(arch !== undefined && { arch }),
    ...(bits !== undefined && { bits }),
    core: core.bytes,
    ...(vars && { vars: vars.bytes }),
    ...(ksyms && { ksyms: ksyms.bytes }),
    ...(carrier.load && { load: carrier.load }),
  };
  const packed = packKernel(pack);
  return {
    parts,
    pack,
    target: carrierTarget(pack),
    artifact: (name) => {
      const found = packed.find((one) => one.name === name);
      if (!found) throw new Error(`no ${name}: ${carrier.why ?? 'unknown'}`);
      return found.bytes;
    },
  };
}
