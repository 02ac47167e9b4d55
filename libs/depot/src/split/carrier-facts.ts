import { FormatError } from '@btf-depot/bytes';
import { parseBtf, parseKernelVersion, verifyBtf, type Btf } from '@btf-depot/btf';
import { loadFacts, type LinkRecord, type LoadFacts, type NotLoadable } from '@btf-depot/carrier';
import type { Elf } from '@btf-depot/elf';
import { encodeLayout, ksyms, type Ksyms } from '@btf-depot/extras';
import type { Evidence, KnownImage } from './kernel-symbols.ts';
import { asDepotError, refusing } from '../input-errors.ts';
import { sha256Of } from '../sha256.ts';
import type { SplitPart, VariablesPart } from './split-part.ts';

/** Why a carrier has no ksyms although its kernel has core inside. */
type NoKsyms =
  | 'no-vars'
  | 'no-symbol-table'
  /** Symbols from before the variables belong to another build. */
  | 'foreign-symbols'
  /** They do not show which memory the kernel frees. */
  | 'no-markers'
  /** CONFIG_KALLSYMS_ALL is off: the kernel finds no variable by its name. */
  | 'no-kallsyms-all'
  | 'no-ksyms'
  | 'ksyms-refused';

/** Facts about a kernel's carriers before they are made. */
export interface CarrierFacts {
  loadable: boolean;
  /** Why the kernel cannot load it, or gains nothing from it. */
  why?: NotLoadable | NoKsyms | undefined;
  /** Why it has no ksyms, loadable or not. */
  noKsyms?: NoKsyms;
  vermagic?: string | undefined;
  load?: LoadFacts | undefined;
  /** Why the System.map from the package was not used. */
  mapIgnored?: string | undefined;
  /** Names that the kernel reserves for modules of its own build. */
  links?: readonly LinkRecord[] | undefined;
}

/** `ImageLayout` of libs/extras: the addresses of variables. */
export interface LayoutPart {
  bytes: Uint8Array;
  sha256: string;
  from: Evidence;
}

export type KsymsPart = SplitPart & {
  variables: number;
  leftOut: Ksyms['leftOut'];
  layout: Pick<LayoutPart, 'bytes' | 'sha256'>;
  /** Source of the symbols. */
  from: Evidence;
};

export interface CarrierParts {
  /** The same bytes, arranged so that they begin as ksyms does. */
  vars?: VariablesPart | undefined;
  ksyms?: KsymsPart;
  /** For a kernel without ksyms whose variables have known addresses. */
  layout?: LayoutPart | undefined;
  carrier: CarrierFacts;
}

interface KernelSays {
  elf?: Elf | undefined;
  /** Any module of the same build. */
  module?: Elf | undefined;
  /** Absent: it has no symbols. */
  image?: KnownImage | undefined;
  mapIgnored?: string | undefined;
  release?: string | undefined;
  /** It registers its core, as it is: from its image, or from the module that it names. */
  keepsCore: boolean;
  links?: readonly LinkRecord[] | undefined;
}

/**
 * Decides which variables a running kernel may be given, and what makes it load their carrier.
 * @throws DepotError if the upload contradicts itself, or is of another build.
 */
export function carrierParts(
  core: Btf,
  vars: CarrierParts['vars'],
  { elf, module, image, mapIgnored, release, keepsCore, links = [] }: KernelSays,
): CarrierParts {
  const load = refusing(module ? 'module' : 'kernel', () =>
    loadFacts({ core, kernel: elf, module }),
  );
  const { vermagic } = load.loadable ? load.facts : load;
  const carrier: CarrierFacts = {
    loadable: load.loadable,
    why: load.loadable ? undefined : load.why,
    vermagic,
    load: load.facts,
    links: links.length > 0 ? links : undefined,
    mapIgnored,
  };
  // A kernel without its own core cannot register split BTF on it.
  if (!keepsCore) return { vars, carrier };
  const found: Safe | Unsafe = vars ? safePart(core, vars, image, release) : { noKsyms: 'no-vars' };
  if ('ksyms' in found) return { ...found, carrier };
  const { noKsyms, layout } = found;
  return {
    vars,
    layout,
    carrier: { ...carrier, why: carrier.why ?? noKsyms, noKsyms },
  };
}

type Safe = Required<Pick<CarrierParts, 'vars' | 'ksyms'>>;

interface Unsafe {
  noKsyms: NoKsyms;
  layout?: LayoutPart;
}

function safePart(
  core: Btf,
  vars: CarrierParts['vars'] & object,
  image: KnownImage | undefined,
  release: string | undefined,
): Safe | Unsafe {
  if (!image) return { noKsyms: 'no-symbol-table' };
  const all = parseBtf(vars.bytes, { base: core, section: 'vars' });
  const safe = safeOf(all, image);
  if (typeof safe === 'string') {
    return { noKsyms: image.hidesVariables ? 'no-kallsyms-all' : safe };
  }
  const layout = layoutPart(safe, image.from);
  if (image.hidesVariables) return { noKsyms: 'no-kallsyms-all', layout };
  const { bytes, types, variables } = safe.ksyms;
  if (variables === 0) return { noKsyms: 'no-ksyms' };
  const kernel = kernelVersionOf(release);
  const faults = verifyBtf(bytes, { base: core, kernel });
  if (faults.length > 0) return { noKsyms: 'ksyms-refused' };
  return {
    vars: { ...vars, bytes: safe.vars, sha256: sha256Of(safe.vars) },
    ksyms: {
      bytes,
      sha256: sha256Of(bytes),
      types,
      variables,
      leftOut: safe.leftOut,
      layout,
      from: image.from,
    },
  };
}

function safeOf(vars: Btf, image: KnownImage): Ksyms | NoKsyms {
  // Functions alone say nothing about variables.
  if (image.hidesVariables && image.from === 'kallsyms') return 'no-kallsyms-all';
  try {
    return ksyms(vars, image) ?? 'no-symbol-table';
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    // Gaps of the kernel file and faults of an earlier upload are no fault of this one.
    if (image.part !== 'map' && error.code === 'symbols-markers') return 'no-markers';
    if (image.part === 'stored' && error.code === 'symbols-foreign') return 'foreign-symbols';
    throw asDepotError(image.part, error);
  }
}

function layoutPart({ layout }: Ksyms, from: Evidence): LayoutPart {
  const bytes = encodeLayout(layout);
  return { bytes, sha256: sha256Of(bytes), from };
}

/** Undefined if the release does not begin with a version. */
export function kernelVersionOf(release: string | undefined) {
  const isVersion = release !== undefined && /^\d{1,4}\.\d{1,4}(?:\D|$)/.test(release);
  return isVersion ? parseKernelVersion(release) : undefined;
}
