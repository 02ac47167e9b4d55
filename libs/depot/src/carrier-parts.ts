import { FormatError } from '@btf-depot/bytes';
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
import { encodeLayout, ksyms, type Ksyms } from '@btf-depot/extras';
import type { KnownImage } from './kernel-image.ts';
import { asDepotError, refusing } from './refusals.ts';
import { sha256Of } from './sha256.ts';
import type { SplitPart, VariablesPart } from './split-part.ts';

/** Why a carrier has no ksyms although its kernel has core inside. */
type NoKsyms =
  | 'no-vars'
  | 'no-symbol-table'
  /** Symbols that came before the variables are those of another build. */
  | 'foreign-symbols'
  | 'no-ksyms'
  | 'ksyms-refused';

/** What can be said of a kernel's carriers before they are made. */
export interface CarrierFacts {
  loadable: boolean;
  /** Why the kernel cannot load it, or gets nothing from it. */
  why?: NotLoadable | NoKsyms;
  /** Why it has no ksyms, loadable or not. */
  noKsyms?: NoKsyms;
  vermagic?: string;
  load?: LoadFacts;
  /** Names that the kernel keeps for modules of its own build. */
  links?: readonly LinkRecord[];
}

export type KsymsPart = SplitPart & {
  variables: number;
  leftOut: Ksyms['leftOut'];
  /** `ImageLayout` of libs/extras: where the variables lie. */
  layout: { bytes: Uint8Array; sha256: string };
};

export interface CarrierParts {
  /** The same as before, arranged so that it begins as ksyms does. */
  vars?: VariablesPart;
  ksyms?: KsymsPart;
  carrier: CarrierFacts;
}

interface KernelSays {
  elf?: Elf;
  /** Any module of the same build. */
  module?: Elf;
  /** Absent: it has no symbols. */
  image?: KnownImage;
  release?: string;
  delivery: Delivery;
}

/**
 * What of a kernel's variables its running self may be given, and how it is made to load the
 * module that brings them.
 * @throws DepotError where what the upload says makes no sense, or is of another build.
 */
export function carrierParts(
  core: Btf,
  vars: CarrierParts['vars'],
  { elf, module, image, release, delivery }: KernelSays,
): CarrierParts {
  const load = refusing(module ? 'module' : 'kernel', () =>
    loadFacts({ core, ...(elf && { kernel: elf }), ...(module && { module }) }),
  );
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
  const found = vars ? safePart(core, vars, image, release) : 'no-vars';
  if (typeof found === 'string') {
    return { ...(vars && { vars }), carrier: { why: found, noKsyms: found, ...carrier } };
  }
  return { ...found, carrier };
}

function safePart(
  core: Btf,
  vars: CarrierParts['vars'] & object,
  image: KnownImage | undefined,
  release: string | undefined,
): Required<Pick<CarrierParts, 'vars' | 'ksyms'>> | NoKsyms {
  if (!image) return 'no-symbol-table';
  const all = parseBtf(vars.bytes, { base: core, section: 'vars' });
  let safe: Ksyms | undefined;
  try {
    safe = ksyms(all, image);
  } catch (error) {
    // What an earlier upload brought is no fault of this one.
    if (image.from === 'stored' && isForeign(error)) return 'foreign-symbols';
    throw asDepotError(image.from, error);
  }
  if (!safe) return 'no-symbol-table';
  const { bytes, types, variables } = safe.ksyms;
  if (variables === 0) return 'no-ksyms';
  const layout = encodeLayout(safe.layout);
  const kernel = kernelVersionOf(release);
  const faults = verifyBtf(bytes, { base: core, ...(kernel && { kernel }) });
  if (faults.length > 0) return 'ksyms-refused';
  return {
    vars: { ...vars, bytes: safe.vars, sha256: sha256Of(safe.vars) },
    ksyms: {
      ...{ bytes, sha256: sha256Of(bytes), types, variables },
      leftOut: safe.leftOut,
      layout: { bytes: layout, sha256: sha256Of(layout) },
    },
  };
}

/** Undefined where the release does not begin with a version. */
export function kernelVersionOf(release: string | undefined) {
  const isVersion = release !== undefined && /^\d{1,4}\.\d{1,4}(?:\D|$)/.test(release);
  return isVersion ? parseKernelVersion(release) : undefined;
}

function isForeign(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'symbols-foreign';
}
