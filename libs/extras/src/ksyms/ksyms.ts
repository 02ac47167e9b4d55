import { sizeOf, type Btf } from '@btf-depot/btf';
import type { KernelImage, KernelSymbol } from './kernel-symbols.ts';
import { arrangeKsyms, type KsymsBtf } from './ksyms-btf.ts';
import { symbolsNamed, type NamedSymbol } from './ksyms-symbols.ts';
import { LOST_SECTION, lostMemory, requireLostSections, type MemoryRange } from './lost-memory.ts';
import type { ImageLayout, LeftOut } from './image-layout.ts';
import { sectionAddresses } from './section-addresses.ts';
import { listVariables, PER_CPU_SECTION, type Variable } from '../variables/variables.ts';

/** Why a running kernel is not given a variable. */
export type KsymReason =
  /** It is in no section of its BTF: its place is unknown. */
  | 'no-place'
  /** Its address is an offset into each CPU's own memory. */
  | 'per-cpu'
  /** The image does not have its section, or does not keep it in memory as linked. */
  | 'not-in-image'
  /**
   * Not a C identifier, or longer than every kernel's limit for symbols (KSYM_NAME_LEN was 128).
   */
  | 'bad-name'
  /** The verifier does not accept its linkage or type, or it has no size. */
  | 'bad-type'
  | 'no-symbol'
  /** Several symbols have the name: the kernel could use any of them. */
  | 'ambiguous-name'
  /** The one symbol of the name is something else, or smaller than the variable's type. */
  | 'other-symbol'
  /** Its memory is freed, unmapped or moved after boot. */
  | 'lost-memory'
  /** CONFIG_KALLSYMS_ALL is off: the kernel finds no variable by name. */
  | 'no-kallsyms-all';

export interface Ksyms extends KsymsBtf {
  /** Variables by the reason against them; reasons without variables are left out. */
  readonly leftOut: Partial<Record<KsymReason, number>>;
  /** Places of all variables, and why some are not among the ksyms. */
  readonly layout: ImageLayout;
}

/**
 * The variables that a running kernel can be given without harm, and the BTF for it. BPF programs
 * name a variable, the verifier takes the address of that name in kallsyms (check_pseudo_btf_id in
 * kernel/bpf/verifier.c), and the program reads there without further checks. So there must be
 * exactly one symbol of the name, it must be the variable, and its memory must stay.
 *
 * Undefined if the kernel has no symbols: nothing is known to be safe then. `vars` is split BTF;
 * throws FormatError `symbols-foreign` if the symbols are of another build, `symbols-markers` if
 * they do not tell what memory the kernel drops, and errors of `listVariables`.
 */
export function ksyms(vars: Btf, image: KernelImage): Ksyms | undefined {
  if (image.symbols.length === 0) return undefined;
  const variables = listVariables(vars);
  const symbols = symbolsNamed(image.symbols, new Set(variables.map(({ name }) => name)));
  const sections = sectionAddresses(variables, symbols, image.sections);
  const lost = lostMemory(image);
  // Sections of an ELF file; others are inferred from variables, not stated by the kernel.
  if (image.sections && lost.length > 0) requireLostSections(sections, lost);
  const context: Context = {
    vars,
    symbols,
    sections,
    lost,
    hidesVariables: image.hidesVariables ?? false,
  };
  const safe: Variable[] = [];
  const leftOut: Ksyms['leftOut'] = {};
  const places: OpenPlace[] = [];
  for (const variable of variables) {
    const reason = reasonAgainst(variable, context);
    if (reason === undefined) {
      safe.push(variable);
      continue;
    }
    leftOut[reason] = (leftOut[reason] ?? 0) + 1;
    if (variable.place) places.push({ reason, ...variable.place, name: variable.name });
  }
  nameOthers(places, context.sections, image.symbols);
  const text = image.symbols.find(({ name }) => name === '_stext')?.address;
  const layout = {
    text,
    sections: context.sections,
    leftOut: places,
  };
  return { ...arrangeKsyms(vars, safe), leftOut, layout };
}

interface OpenPlace extends LeftOut {
  readonly name: string;
  symbol?: string | undefined;
}

const BY_NAME: ReadonlySet<string> = new Set<KsymReason>([
  'no-symbol',
  'ambiguous-name',
  'other-symbol',
]);

/**
 * For variables that are not found by name, tells which symbol lies at their place: objcopy renames
 * symbols of copies (`__pi_x`, `__kvm_nvhe_x`, `__efistub_x`).
 */
function nameOthers(
  places: readonly OpenPlace[],
  sections: ReadonlyMap<string, bigint>,
  symbols: readonly KernelSymbol[],
): void {
  const wanted = new Map<bigint, OpenPlace>();
  for (const place of places) {
    const start = BY_NAME.has(place.reason) ? sections.get(place.section) : undefined;
    if (start !== undefined) wanted.set(start + BigInt(place.offset), place);
  }
  const own = new Set<OpenPlace>();
  for (const { name, address } of symbols) {
    const place = wanted.get(address);
    if (!place) continue;
    if (name === place.name) own.add(place);
    else if (place.symbol === undefined || name.endsWith(place.name)) place.symbol = name;
  }
  for (const place of own) delete place.symbol;
}

interface Context {
  readonly vars: Btf;
  /** Addresses of the image's sections by name. */
  readonly sections: ReadonlyMap<string, bigint>;
  readonly symbols: ReadonlyMap<string, NamedSymbol>;
  readonly lost: readonly MemoryRange[];
  readonly hidesVariables: boolean;
}

function reasonAgainst(variable: Variable, context: Context): KsymReason | undefined {
  const { name, type, linkage, place } = variable;
  if (!place) return 'no-place';
  if (place.section === PER_CPU_SECTION) return 'per-cpu';
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,126}$/.test(name)) return 'bad-name';
  const size = sizeOf(context.vars, type);
  if ((linkage !== 0 && linkage !== 1) || !size || size > place.size) return 'bad-type';
  const symbol = context.symbols.get(name);
  if (!symbol) return 'no-symbol';
  if (symbol.count > 1) return 'ambiguous-name';
  const section = context.sections.get(place.section);
  if (section === undefined) return 'not-in-image';
  const start = section + BigInt(place.offset);
  const smaller = symbol.size !== 0 && symbol.size < size;
  if (symbol.address !== start || smaller) return 'other-symbol';
  const end = start + BigInt(place.size);
  const lost = context.lost.some((range) => start < range.end && end > range.start);
  // Whatever the symbols say about ranges.
  if (lost || LOST_SECTION.test(place.section)) return 'lost-memory';
  return context.hidesVariables ? 'no-kallsyms-all' : undefined;
}
