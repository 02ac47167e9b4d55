import { parseBtf, parseKernelVersion, verifyBtf, type Btf } from '@btf-depot/btf';
import {
  loadFacts,
  readLinkRecords,
  type LinkRecord,
  type LoadFacts,
  type NotLoadable,
} from '@btf-depot/carrier';
import type { Delivery } from '@btf-depot/contracts';
import type { Elf } from '@btf-depot/elf';
import { ksyms, type Ksyms } from '@btf-depot/extras';
import { sha256Of } from './sha256.ts';
import type { KernelParts, SplitPart } from './split-kernel.ts';

/** Why a carrier has no ksyms although its kernel has core inside. */
type NoKsyms = 'no-vars' | 'no-symbol-table' | 'no-ksyms' | 'ksyms-refused';

/** What can be said of a kernel's carriers before they are made. */
export interface CarrierFacts {
  loadable: boolean;
  /** Why the kernel cannot load it, or gets nothing from it. */
  why?: NotLoadable | NoKsyms;
  vermagic?: string;
  load?: LoadFacts;
  /** Names that the kernel keeps for modules of its own build. */
  links?: readonly LinkRecord[];
}

export type KsymsPart = SplitPart & { variables: number; leftOut: Ksyms['leftOut'] };

export interface CarrierParts {
  /** The same as before, arranged so that it begins as ksyms does. */
  vars?: KernelParts['vars'] & object;
  ksyms?: KsymsPart;
  carrier: CarrierFacts;
}

interface KernelSays {
  elf?: Elf;
  /** Any module of the same build. */
  module?: Elf;
  release?: string;
  delivery: Delivery;
}

/**
 * What of a kernel's variables its running self may be given, and how it is made to load the
 * module that brings them. Throws FormatError where the kernel's own words make no sense.
 */
export function carrierParts(
  core: Btf,
  vars: CarrierParts['vars'],
  { elf, module, release, delivery }: KernelSays,
): CarrierParts {
  const load = loadFacts({ core, ...(elf && { kernel: elf }), ...(module && { module }) });
  const vermagic = load.loadable ? load.facts.vermagic : load.vermagic;
  const links = elf ? readLinkRecords(elf) : [];
  const carrier: CarrierFacts = {
    loadable: load.loadable,
    ...(!load.loadable && { why: load.why }),
    ...(vermagic !== undefined && { vermagic }),
    ...(load.loadable && { load: load.facts }),
    ...(links.length > 0 && { links }),
  };
  // A kernel that has no core of its own has nothing to register split BTF on.
  if (delivery === 'module') return { ...(vars && { vars }), carrier };
  const found = vars && elf ? safePart(core, vars, elf, release) : ('no-vars' as const);
  if (typeof found === 'string') {
    return { ...(vars && { vars }), carrier: { why: found, ...carrier } };
  }
  return { ...found, carrier };
}

function safePart(
  core: Btf,
  vars: CarrierParts['vars'] & object,
  elf: Elf,
  release: string | undefined,
): Required<Pick<CarrierParts, 'vars' | 'ksyms'>> | NoKsyms {
  const safe = ksyms(parseBtf(vars.bytes, { base: core, section: 'vars' }), elf);
  if (!safe) return 'no-symbol-table';
  const { bytes, types, variables } = safe.ksyms;
  if (variables === 0) return 'no-ksyms';
  const kernel = kernelVersionOf(release);
  const faults = verifyBtf(bytes, { base: core, ...(kernel && { kernel }) });
  if (faults.length > 0) return 'ksyms-refused';
  return {
    vars: { ...vars, bytes: safe.vars, sha256: sha256Of(safe.vars) },
    ksyms: { bytes, sha256: sha256Of(bytes), types, variables, leftOut: safe.leftOut },
  };
}

/** Undefined where the release does not begin with a version. */
export function kernelVersionOf(release: string | undefined) {
  const isVersion = release !== undefined && /^\d{1,4}\.\d{1,4}(?:\D|$)/.test(release);
  return isVersion ? parseKernelVersion(release) : undefined;
}
