import { FormatError } from '@btf-depot/bytes';
import {
  carrier,
  carrierTarget,
  judgeCarrier,
  mayCarry,
  type CarrierInput,
  type LinkRecord,
  type LoadFacts,
} from '@btf-depot/carrier';
import {
  CARRIER_FILES,
  CARRIERS,
  EXTRA_NAMES,
  type CarrierFile,
  type Delivery,
  type ExtraName,
} from '@btf-depot/contracts';

/** The module with everything; its BTF appears under this name in /sys/kernel/btf. */
export const CARRIER_NAME = CARRIERS['btf_vmlinux.ko'].module;

/** Extras, each split BTF on core. */
type ExtraBytes = Partial<Record<ExtraName, Uint8Array | undefined>>;

export interface CarriersInput extends ExtraBytes {
  buildId: string;
  delivery: Delivery;
  arch?: string | undefined;
  bits?: 32 | 64 | undefined;
  endian: 'little' | 'big';
  core: Uint8Array;
  /** The variables that a running kernel may be given, split BTF on core. */
  ksyms?: Uint8Array | undefined;
  /** Facts that the carriers need to load; without them, they are containers. */
  load?: LoadFacts | undefined;
  /** Names that the kernel reserves for modules of its own build. */
  links?: readonly LinkRecord[] | undefined;
  /** Another name for the module with everything. */
  name?: string | undefined;
}

/**
 * By the names of their artifacts. A carrier is absent if the kernel reserves its name for other
 * bytes.
 */
export type Carriers = Partial<Record<CarrierFile, Uint8Array>>;

/** The contents of a carrier. */
interface Inside extends Pick<CarrierInput, 'btf' | 'extras'> {
  /**
   * The BTF that the kernel would take from a module of its name: the link record must match it.
   */
  linked: Uint8Array | undefined;
}

/** The parts of a kernel for carriers. */
interface Carried {
  input: CarriersInput;
  /**
   * Core of a kernel without built-in BTF, else ksyms: the kernel registers it as the module's BTF.
   */
  btf: Inside['btf'];
  ksyms: Inside['btf'];
  extras: Inside['extras'];
}

/** The contents of each carrier; undefined: no such carrier. */
const INSIDE: Readonly<Record<CarrierFile, (carried: Carried) => Inside | undefined>> = {
  'btf_vmlinux.ko': ({ btf, extras }) => ({ btf, extras, linked: btf?.bytes }),
  'btf_vmlinux_ksyms.ko': ({ input, ksyms }) =>
    ksyms && isLeastMade(input) ? { btf: ksyms, extras: [], linked: ksyms.bytes } : undefined,
  'btf_vmlinux_inline.ko': ({ input: { inlines } }) =>
    inlines && { extras: [{ name: 'inline', bytes: inlines }], linked: inlines },
};

/**
 * The carriers of a kernel, uncompressed. The same input gives the same bytes.
 *
 * Each loadable one is judged like a foreign carrier: its load facts may come from anybody's
 * module, or from a record of an earlier version. If it is refused, or cannot be written, all
 * become containers.
 */
export function makeCarriers(input: CarriersInput, baseSha256: string): Carriers {
  const { load } = input;
  if (!load) return makeAll(input, baseSha256);
  try {
    return makeAll(input, baseSha256);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return makeAll({ ...input, load: undefined }, baseSha256);
  }
}

/** @throws FormatError for load facts that give no carrier, or one that must not be loaded. */
function makeAll(input: CarriersInput, baseSha256: string): Carriers {
  const { buildId, delivery, core, load, links = [] } = input;
  const about = { target: carrierTarget(input), buildId, baseSha256, load };
  const ksyms = input.ksyms && { holds: 'ksyms' as const, bytes: input.ksyms };
  const btf = delivery === 'module' ? { holds: 'core' as const, bytes: core } : ksyms;
  const extras = EXTRA_NAMES.flatMap((name) => {
    const bytes = input[name];
    return bytes ? [{ name, bytes }] : [];
  });
  const made = CARRIER_FILES.flatMap((file) => {
    const inside = INSIDE[file]({ input, btf, ksyms, extras });
    const { module } = CARRIERS[file];
    const name = file === 'btf_vmlinux.ko' ? (input.name ?? module) : module;
    if (!inside || !mayCarry(links, name, inside.linked)) return [];
    const made = carrier({ ...about, name, btf: inside.btf, extras: inside.extras });
    return [[file, judged(made, load)] as const];
  });
  return Object.fromEntries(made);
}

/** The kernel could load it, and would gain something from it. */
export function isLeastMade({
  ksyms,
  load,
}: {
  ksyms?: object | undefined;
  load?: LoadFacts | undefined;
}): boolean {
  return ksyms !== undefined && load !== undefined;
}

function judged(module: Uint8Array, load: LoadFacts | undefined): Uint8Array {
  if (!load) return module;
  const judgement = judgeCarrier(module, { structModule: load.structModule });
  if (judgement.as === 'refused') throw new FormatError(judgement.code, judgement.why);
  return module;
}
