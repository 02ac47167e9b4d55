import { carrierTarget } from '@btf-depot/carrier';
import type { ArtifactName } from '@btf-depot/contracts';
import { packKernel, splitKernel, type KernelParts, type PackInput } from '@btf-depot/depot';
import type { Kernel } from '@btf-depot/kernels';
import { openFileSource } from '@btf-depot/service-kit';
import { existsSync } from 'node:fs';

/** What the depot makes of a kernel. */
export interface BuiltCarriers {
  readonly parts: KernelParts;
  readonly artifact: (name: ArtifactName) => Uint8Array;
  /** How the compressor was asked for the artifacts. */
  readonly pack: PackInput;
  readonly target: ReturnType<typeof carrierTarget>;
}

/**
 * The way of an upload of vmlinux with its DWARF, without the services around it; of a kernel
 * without BTF inside with its full BTF.
 */
export async function buildCarriers(of: Kernel): Promise<BuiltCarriers> {
  const { vmlinux, coreBtf, fullBtf } = of;
  using kernel = openFileSource(vmlinux);
  using full = existsSync(coreBtf) ? undefined : openFileSource(fullBtf);
  const parts = splitKernel({ kernel, ...(full && { full }) }, { extras: ['vars'] });
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
  const packed = await packKernel(pack);
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
