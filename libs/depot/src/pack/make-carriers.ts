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
  CARRIERS,
  EXTRA_NAMES,
  type CarrierFile,
  type Delivery,
  type ExtraName,
} from '@btf-depot/contracts';

/** The module that has it all; its BTF appears under this name in /sys/kernel/btf. */
export const CARRIER_NAME = CARRIERS['btf_vmlinux.ko'].module;
/** The module with nothing but what BPF programs need. */
const KSYMS_CARRIER_NAME = CARRIERS['btf_vmlinux_ksyms.ko'].module;
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

/** Each is absent where its name is the kernel's to give, and these are not the bytes for it. */
export interface Carriers {
  readonly whole?: Uint8Array;
  /** Absent too where the kernel could not load it, or would get nothing from it. */
  readonly least?: Uint8Array;
  readonly inline?: Uint8Array;
}

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
  const { buildId, delivery, core, ksyms, inlines, load, links = [] } = input;
  const about = { target: carrierTarget(input), buildId, baseSha256, ...(load && { load }) };
  // What the kernel would take from a module of the name is what its link record must be of.
  const make = (
    one: Pick<CarrierInput, 'btf' | 'extras'> & { name: string },
    linked?: Uint8Array,
  ) =>
    mayCarry(links, one.name, linked) ? judged(carrier({ ...about, ...one }), load) : undefined;
  const safe = ksyms && { holds: 'ksyms' as const, bytes: ksyms };
  const btf = delivery === 'module' ? { holds: 'core' as const, bytes: core } : safe;
  const extras = EXTRA_NAMES.flatMap((name) => {
    const bytes = input[name];
    return bytes ? [{ name, bytes }] : [];
  });
  const name = input.name ?? CARRIER_NAME;
  const whole = make({ name, ...(btf && { btf }), extras }, btf?.bytes);
  const least =
    safe && isLeastMade({ delivery, ksyms, load })
      ? make({ name: KSYMS_CARRIER_NAME, btf: safe, extras: [] }, safe.bytes)
      : undefined;
  const inline =
    inlines &&
    make({ name: INLINE_CARRIER_NAME, extras: [{ name: 'inline', bytes: inlines }] }, inlines);
  return { ...(whole && { whole }), ...(least && { least }), ...(inline && { inline }) };
}

/** The kernel could load it, and would get something from it. */
export function isLeastMade({
  delivery,
  ksyms,
  load,
}: {
  delivery: Delivery;
  ksyms: object | undefined;
  load: LoadFacts | undefined;
}): boolean {
  return delivery === 'builtin' && ksyms !== undefined && load !== undefined;
}

function judged(module: Uint8Array, load: LoadFacts | undefined): Uint8Array {
  if (!load) return module;
  const judgement = judgeCarrier(module, { structModule: load.structModule });
  if (judgement.as === 'refused') throw new FormatError(judgement.code, judgement.why);
  return module;
}

/** Carriers by the names of their artifacts. */
export function carrierFiles({
  whole,
  least,
  inline,
}: Carriers): Partial<Record<CarrierFile, Uint8Array>> {
  return {
    ...(whole && { 'btf_vmlinux.ko': whole }),
    ...(least && { 'btf_vmlinux_ksyms.ko': least }),
    ...(inline && { 'btf_vmlinux_inline.ko': inline }),
  };
}
