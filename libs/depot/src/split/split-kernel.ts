import { FormatError, type Source } from '@btf-depot/bytes';
import { mergeBtf, parseBtf, type Btf } from '@btf-depot/btf';
import { linkFor, readLinkRecords, type LinkRecord } from '@btf-depot/carrier';
import type { CarrierEntry, Delivery, ExtraName } from '@btf-depot/contracts';
import { readElf, type Elf } from '@btf-depot/elf';
import { attachVariables, refuseShuffledFull, hasDwarf } from '@btf-depot/extras';
import {
  carrierParts,
  type CarrierFacts,
  type KsymsPart,
  type LayoutPart,
} from './carrier-facts.ts';
import { DepotError } from '../errors.ts';
import { bitsOf, openBtf, openKernel, readBtfFile, type OpenedKernel } from './open-kernel.ts';
import { besideVariables, findExtras, passesFor, type FoundExtras } from '../extras/index.ts';
import { ownInlines, UPSTREAM_SECTION } from './inlines-part.ts';
import { checkLinkedCore, CORE_SECTION, hasLinkedCore } from './linked-core.ts';
import { whyWithoutVars, type WithoutVars } from './without-vars.ts';
import {
  judgeGiven,
  linkedBtf,
  moduleLayout,
  openGivenCarrier,
  refuseUnlinked,
  type GivenCarrier,
  type UnjudgedCarrier,
} from './given-carrier.ts';
import { kernelImage, type StoredSymbols, type SymbolsPart } from './kernel-symbols.ts';
import { refusing } from '../input-errors.ts';
import { sha256Of } from '../sha256.ts';
import type { CorePart, VariablesPart } from './split-part.ts';
import { coreAndVariables, verbatim, type OnUnit } from './core-and-variables.ts';
import { encodedParts } from './encoded-parts.ts';

export interface SplitOptions {
  /** Required for bare BTF; must agree with the kernel's own. */
  buildId?: string | undefined;
  /** By default `builtin` for a kernel with BTF inside, `module` for bare BTF. */
  delivery?: Delivery | undefined;
  extras: readonly ExtraName[];
  /**
   * The full BTF of a kernel without BTF was made from DWARF, by the rules of this version of
   * pahole.
   */
  encoded?: string | undefined;
  /** `full` is complete. */
  ignoresDwarf?: boolean | undefined;
}

export interface SplitInput {
  /** Absent: core stands for it. */
  kernel?: Source | undefined;
  /** BTF with global variables, of the same build. */
  full?: Source | undefined;
  /** Any module of the same build. */
  module?: Source | undefined;
  /** Symbols for a kernel that has none inside. */
  map?: Source | undefined;
  /** The map came in the kernel's package: it is ignored if it is of no use. */
  mapCameAlong?: boolean;
  /** The carrier that its build made. */
  carrier?: Source | undefined;
  stored?: StoredParts | undefined;
}

/** Parts of earlier uploads. */
export interface StoredParts {
  /** The kernel's published core, for an upload without it. */
  core?: Uint8Array | undefined;
  /** Its variables, for an upload without any; their base is the core of that hash. */
  vars?: (VariablesPart & { baseSha256?: string | undefined }) | undefined;
  /** Its symbols, likewise. */
  symbols?: StoredSymbols | undefined;
  /** Facts that its modules need to load. */
  load?: CarrierEntry['load'] | undefined;
  /** The modules that the kernel names for its BTF. */
  links?: readonly LinkRecord[] | undefined;
  /** What `vars` stand on, for a kernel that brings a core of its own. */
  formerCore?: Uint8Array | undefined;
}

/** One kernel's BTF, split. */
export interface KernelParts extends FoundExtras {
  kind: OpenedKernel['kind'];
  buildId: string;
  arch?: string | undefined;
  bits?: 32 | 64 | undefined;
  endian: 'little' | 'big';
  release?: string | undefined;
  /** From its banner. */
  distribution?: string | undefined;
  delivery: Delivery;
  core: CorePart;
  /** The variables that the running kernel may be given; if absent, see `carrier.why`. */
  ksyms?: KsymsPart;
  /** Addresses of its variables, for a kernel that finds none by name. */
  layout?: LayoutPart | undefined;
  /** Symbols that this upload brought, for variables that come later. */
  symbols?: SymbolsPart | undefined;
  carrier: CarrierFacts;
  /** Made by its build; the record decides whether it belongs to this kernel. */
  given?: GivenCarrier;
  /** Why it has no variables. */
  withoutVars?: WithoutVars | undefined;
  /** A carrier that is not published, although its BTF was taken: by its artifact. */
  refused?: NonNullable<CarrierEntry['refused']>;
}

/**
 * Splits a kernel's BTF into core and extras, by its delivery.
 *
 * - If the kernel has its own BTF, and this stays inside the kernel (*builtin*) or `full` is beside
 *   it, core is that BTF verbatim; the variables of `full`, or else those of DWARF, are attached to
 *   it.
 * - If the kernel says that a module brings its BTF (a link record, CONFIG_DEBUG_INFO_BTF=m), core is
 *   verbatim what the record names: in vmlinux.unstripped, or in that module.
 * - Without any BTF, core and variables are made from DWARF.
 * - Otherwise (*module*) the kernel's BTF or `full` is partitioned: variables and the types that
 *   only they need are taken out, and core is the rest. If it has no variables (older paholes write
 *   none), those of DWARF are added first.
 *
 * @param onUnit called after each unit of DWARF, with the numbers of finished and of all units; an
 *   exception ends the work.
 * @throws DepotError that names the part of the upload at fault, and the place.
 */
export function splitKernel(
  input: SplitInput,
  options: SplitOptions,
  onUnit?: OnUnit,
): KernelParts {
  const { full: fullFile, carrier: carrierFile, stored = {} } = input;
  const given = carrierFile && refusing('carrier', () => openGivenCarrier(carrierFile));
  const kernel = refusing('kernel', () => openInput(input));
  const buildId = agreedBuildId(kernel, options);
  const { elf } = kernel;
  const links = refusing('kernel', () => linksOf(elf, stored));
  const isLinked = hasLinkedCore(links);
  const storedCore = coreIfLinked(stored.core, links);
  const btf = kernel.btf ?? storedCore ?? (given && linkedBtf(given, CORE_SECTION, links));
  const own = btf && refusing('kernel', () => parseBtf(btf));
  const full = fullFile
    ? refusing('full', () => parseFull(fullFile))
    : own && fullBefore(kernel, own, stored);
  if (isLinked && !own) throw withoutLinkedCore(given, links);
  const isBuiltin = kernel.kind !== 'btf' && own && !isLinked;
  const delivery = isLinked ? 'module' : (options.delivery ?? (isBuiltin ? 'builtin' : 'module'));
  if (delivery === 'builtin' && !own) {
    throw new DepotError(
      'no-btf',
      'the kernel has no .BTF section, so its delivery must be module',
    );
  }
  const base = own ?? full;
  if (fullFile && elf) refusing('full', () => refuseShuffledFull(elf));
  const dwarf = options.ignoresDwarf ? undefined : dwarfOf(kernel, input);
  const { map, mapCameAlong = false } = input;
  const inside = elf && refusing('kernel', () => ownInlines(elf));
  const linked = elf && given && !inside ? linkedBtf(given, UPSTREAM_SECTION, links) : undefined;
  const ofBuild = inside ?? linked;
  const passes = passesFor(options.extras, { ofBuild });
  const keepsCore = delivery === 'builtin' || isLinked;
  const origins = { isOwn: !!own, full: own && full, dwarf, keepsCore, passes, onUnit };
  const parts = base
    ? options.extras.includes('vars')
      ? coreAndVariables({ base, ...origins })
      : verbatim(base)
    : encodedParts(kernel, origins);
  const inDwarf = besideVariables(parts, dwarf, passes, onUnit);
  // The upload may have another core.
  const { baseSha256 = parts.core.sha256 } = stored.vars ?? {};
  const storedVars = baseSha256 === parts.core.sha256 ? stored.vars : undefined;
  const context = { parts, elf, ofBuild, stored: storedVars };
  const found = findExtras(options.extras, context, inDwarf);
  const { module: moduleFile } = input;
  const module = moduleFile && refusing('module', () => readElf(moduleFile));
  // An image of s390x does not contain its architecture.
  const arch = kernel.arch ?? module?.arch;
  const bits = kernel.bits ?? module?.class ?? bitsOf(parts.base);
  const { image, symbols, mapIgnored } = kernelImage(keepsCore, {
    elf: kernel.elf,
    raw: kernel.raw,
    arch,
    map,
    mapCameAlong,
    symbols: stored.symbols,
  });
  const carrying = carrierParts(parts.base, found.vars, {
    keepsCore,
    elf: kernel.elf,
    links,
    module,
    image,
    mapIgnored,
    release: kernel.release,
  });
  const { load = stored.load, vermagic } = carrying.carrier;
  const layout = given && moduleLayout(parts.base, bits ?? 64, { load, vermagic });
  const isCoreTaken = given !== undefined && isLinked && !kernel.btf && !storedCore;
  const judged = given
    ? judgeGiven(given, layout, { isTaken: linked !== undefined || isCoreTaken })
    : {};
  return {
    kind: kernel.kind,
    buildId,
    arch,
    bits,
    endian: kernel.endian,
    release: kernel.release,
    distribution: kernel.distribution,
    delivery,
    core: madeBy(parts.core, own ? undefined : options.encoded),
    ...found,
    withoutVars: whyWithoutVars(kernel, found.vars, { hasDwarf: !!dwarf, hasFull: !!full }),
    symbols,
    ...judged,
    ...carrying,
  };
}

/** Core, with the sender's statement of how it was made. */
function madeBy(core: CorePart, rules: string | undefined): CorePart {
  return rules === undefined || core.encoded ? core : { ...core, encoded: { rules } };
}

/** The kernel's link records. A separate debug file lists the sections without their bytes. */
function linksOf(elf: Elf | undefined, stored: StoredParts): readonly LinkRecord[] {
  const links = elf ? readLinkRecords(elf) : [];
  if (elf) checkLinkedCore(elf, links);
  return links.length > 0 ? links : (stored.links ?? []);
}

/** @returns undefined for a core that the kernel would not take. */
function coreIfLinked(
  core: Uint8Array | undefined,
  links: readonly LinkRecord[],
): Uint8Array | undefined {
  const link = linkFor(links, CORE_SECTION);
  return !core || !link || sha256Of(core) === link.sha256 ? core : undefined;
}

/** @throws DepotError `foreign-carrier` if the carrier is another one than the kernel names. */
function withoutLinkedCore(
  given: UnjudgedCarrier | undefined,
  links: readonly LinkRecord[],
): DepotError {
  if (given) refuseUnlinked(given, links);
  const { module = '', sha256 = '' } = linkFor(links, CORE_SECTION) ?? {};
  return new DepotError(
    'no-core',
    `a module brings the core of this kernel: send ${module}.ko, with SHA-256 ${sha256} of its .BTF, ` +
      'beside it as the part carrier, or vmlinux.unstripped of its build',
  );
}

function dwarfOf({ elf }: OpenedKernel, { kernel }: SplitInput): Source | undefined {
  return elf && hasDwarf(elf) ? kernel : undefined;
}

function openInput({ kernel, stored }: SplitInput): OpenedKernel {
  if (kernel) return openKernel(kernel);
  if (stored?.core) return openBtf(stored.core);
  throw new DepotError('missing-part', 'the upload has no part named kernel');
}

function parseFull(source: Source): Btf {
  return parseBtf(readBtfFile(source), { section: 'full' });
}

/**
 * The full BTF that was partitioned before this kernel came with a core of its own.
 * @returns undefined: there was none, or it is of another kernel, which is no fault of this one.
 */
function fullBefore(
  { elf }: OpenedKernel,
  own: Btf,
  { formerCore, vars }: StoredParts,
): Btf | undefined {
  if (!formerCore || !vars || vars.baseSha256 === sha256Of(own.bytes)) return undefined;
  try {
    const full = parseBtf(mergeBtf(parseBtf(vars.bytes, { base: parseBtf(formerCore) })));
    if (elf) refuseShuffledFull(elf);
    attachVariables(own, full);
    return full;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

const WITHOUT_ID = {
  elf: 'the ELF file has no GNU build ID note',
  image: 'the image has no GNU build ID note before its BTF',
  btf: 'BTF does not contain a build ID',
} as const;

function agreedBuildId(kernel: OpenedKernel, { buildId = kernel.buildId }: SplitOptions): string {
  if (buildId === undefined) {
    throw new DepotError(
      'no-build-id',
      `${WITHOUT_ID[kernel.kind]}; name it with ?buildId= or --build-id`,
    );
  }
  if (kernel.buildId !== undefined && kernel.buildId !== buildId) {
    throw new DepotError('bad-query', `buildId: the kernel file has build ID ${kernel.buildId}`);
  }
  return buildId;
}
