import { readCarrier } from '@btf-depot/carrier';
import type { CarrierFile } from '@btf-depot/contracts';
import { makeCarriers } from '../pack/make-carriers.ts';
import type { GivenCarriers, PackInput } from '../pack/pack-kernel.ts';
import { sha256Of } from '../sha256.ts';

/**
 * The carriers of a kernel with signatures, as input of packing. Containers stay as they are, and
 * so do carriers of the build: their bytes are its own.
 */
export async function signCarriers(
  input: PackInput,
  sign: (module: Uint8Array) => Promise<Uint8Array>,
): Promise<GivenCarriers> {
  if (!input.load) return { ...input.given };
  const made = makeCarriers(input, sha256Of(input.core));
  const given: GivenCarriers = {};
  for (const [name, module] of Object.entries(made) as [CarrierFile, Uint8Array][]) {
    given[name] = readCarrier(module).loadable ? await sign(module) : module;
  }
  return { ...given, ...input.given };
}
