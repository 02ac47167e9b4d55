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

/** The module that has it all; its BTF appears under this name in /sys/kernel/btf. */
export const CARRIER_NAME = CARRIERS['btf_vmlinux.ko'].module;
/** Upstream's name of the module with inlined calls. */
export const INLINE_CARRIER_NAME = CARRIERS['btf_vmlinux_inline.ko'].module;

/** Extras, each split BTF on core. */
type ExtraBytes = Partial<Record<ExtraName, Uint8Array | undefined>>;

export interface CarriersInput extends ExtraBytes {
  buildId: string;
  delivery: Delivery;
  arch?: string | undefined;
  bits?: 32 | 64 | undefined;
  endian: 'little' | 'big';
  core: Uint8Array;
  /** The part of vars that the running kernel may be given, split BTF on core. */
  ksyms?: Uint8Array | undefined;
  /** What makes the kernel load its carriers; without, they are containers. */
  load?: LoadFacts | undefined;
  /** Names that the kernel keeps for modules of its own build. */
  links?: readonly LinkRecord[] | undefined;
  /** Another name for the module that has it all. */
  name?: string | undefined;
}

/**
 * By the names of their artifacts. Each is absent where its name is the kernel's to give, and these
 * are not the bytes for it.
 */
export type Carriers = Partial<Record<CarrierFile, Uint8Array>>;

/** What a carrier has inside. */
interface Inside extends Pick<CarrierInput, 'btf' | 'extras'> {
  /** What the kernel would take from a module of its name: its link record must be of this. */
  linked: Uint8Array | undefined;
}

/** What of a kernel may go into carriers. */
interface Carried {
  input: CarriersInput;
  /** Core of a kernel that has none inside, else ksyms: the kernel takes it as the module's BTF. */
  btf: Inside['btf'];
  ksyms: Inside['btf'];
  extras: Inside['extras'];
}

/** What goes into each carrier; undefined: there is no such carrier. */
const INSIDE: Readonly<Record<CarrierFile, (carried: Carried) => Inside | undefined>> = {
  'btf_vmlinux.ko': ({ btf, extras }) => ({ btf, extras, linked: btf?.bytes }),
  'btf_vmlinux_ksyms.ko': ({ input, ksyms }) =>
    ksyms && isLeastMade(input) ? { btf: ksyms, extras: [], linked: ksyms.bytes } : undefined,
  'btf_vmlinux_inline.ko': ({ input: { inlines } }) =>
    inlines && { extras: [{ name: 'inline', bytes: inlines }], linked: inlines },
};

/**
 * The carriers of a kernel, not compressed. The same input gives the same bytes.
 *
 * Each that a kernel would load is judged as one that somebody else made: what makes it load may
 * come from anybody's module, and records of earlier versions. Where it is refused, or cannot be
 * written, they are containers.
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

/** @throws FormatError for load facts that give no carrier, or one that no kernel must be given. */
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

/** The kernel could load it, and would get something from it. */
export function isLeastMade({
  delivery,
  ksyms,
  load,
}: {
  delivery: Delivery;
  ksyms?: object | undefined;
  load?: LoadFacts | undefined;
}): boolean {
  return delivery === 'builtin' && ksyms !== undefined && load !== undefined;
}

function judged(module: Uint8Array, load: LoadFacts | undefined): Uint8Array {
  if (!load) return module;
  const judgement = judgeCarrier(module, { structModule: load.structModule });
  if (judgement.as === 'refused') throw new FormatError(judgement.code, judgement.why);
  return module;
}
