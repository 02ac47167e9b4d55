import { carrierTarget } from '@btf-depot/carrier';
import type { ArtifactName, ExtraName } from '@btf-depot/contracts';
import {
  packKernel,
  splitKernel,
  type KernelParts,
  type PackedArtifact,
  type PackInput,
} from '@btf-depot/depot';
import type { Kernel } from '@btf-depot/kernels';
import { openFileSource } from '@btf-depot/compute';
import { existsSync } from 'node:fs';
import { onceARun } from '../once-a-run.ts';

/** The depot's artifacts of a kernel. */
export interface BuiltCarriers {
  readonly parts: KernelParts;
  readonly artifact: (name: ArtifactName) => Uint8Array;
  /** The compressor's input for the artifacts. */
  readonly pack: PackInput;
  readonly target: ReturnType<typeof carrierTarget>;
}

/**
 * A kernel's input for packing, as an upload of vmlinux with its DWARF gives it, without the
 * services; for a kernel without BTF with its full BTF.
 */
export function splitForPacking(
  { vmlinux, coreBtf, fullBtf }: Kernel,
  extras: readonly ExtraName[],
): Pick<BuiltCarriers, 'parts' | 'pack'> {
  using kernel = openFileSource(vmlinux);
  using full = existsSync(coreBtf) ? undefined : openFileSource(fullBtf);
  return packInputOf(splitKernel({ kernel, full }, { extras }));
}

function packInputOf(parts: KernelParts): Pick<BuiltCarriers, 'parts' | 'pack'> {
  const { buildId, delivery, arch, bits, endian, core, vars, ksyms, inlines, carrier } = parts;
  const pack: PackInput = {
    buildId,
    revision: 1,
    delivery,
    endian,
    arch,
    bits,
    core: core.bytes,
    vars: vars?.bytes,
    ksyms: ksyms?.bytes,
    inlines: inlines?.bytes,
    inlinesMap: inlines?.map.bytes,
    load: carrier.load,
  };
  return { parts, pack };
}

/** The depot's artifacts of a kernel and its variables; the first test that asks makes them. */
export async function buildCarriers(of: Kernel): Promise<BuiltCarriers> {
  return published(
    await onceARun(`carriers-${of.name}`, async () => {
      const { parts } = splitForPacking(of, ['vars']);
      return { parts, packed: await packKernel(packInputOf(parts).pack) };
    }),
  );
}

/** The same for given parts. */
export async function packCarriers(parts: KernelParts): Promise<BuiltCarriers> {
  return published({ parts, packed: await packKernel(packInputOf(parts).pack) });
}

function published(of: { parts: KernelParts; packed: PackedArtifact[] }): BuiltCarriers {
  const { parts, pack } = packInputOf(of.parts);
  const { packed } = of;
  return {
    parts,
    pack,
    target: carrierTarget(pack),
    artifact: (name) => {
      const found = packed.find((one) => one.name === name);
      if (!found) throw new Error(`no ${name}: ${parts.carrier.why ?? 'unknown'}`);
      return found.bytes;
    },
  };
}
