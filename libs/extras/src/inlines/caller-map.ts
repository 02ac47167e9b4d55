import { FormatError } from '@btf-depot/bytes';
import { Kind, type Btf } from '@btf-depot/btf';
import { SiteClasses, writeClassLines } from './class-lines.ts';
import type { SiteClass } from './coverage.ts';
import { SymbolType, type Elf, type ElfSection } from '@btf-depot/elf';

/** The subject of a line of the map. */
type LineKind = 'section' | 'init' | 'function' | 'homonym' | 'base';

interface Line {
  readonly address: bigint;
  readonly size: number;
  readonly kind: LineKind;
  readonly name: string;
}

/**
 * Facts about inlined calls that their BTF lacks, as text. A line for each section with sites
 * (`init`: its memory is freed after boot) and for each function that contains sites, by address:
 * address, size, kind, name; `homonym`: other functions have the name too. `base` is the image's
 * start, `_text`. Without a symbol table only sections are known. Lines about the classes of sites
 * come last: see class-lines.ts.
 *
 * @param classes of each site, from DWARF (`InlinesBtf`).
 */
export function writeCallerMap(elf: Elf, inlines: Btf, classes?: Uint8Array): string {
  const sites = sitesBySection(inlines);
  const sections = elf.sections.filter(({ name }) => sites.has(name));
  const init = range(elf, '__init_begin', '__init_end');
  const lines: Line[] = sections.map(({ address, size, name }) => {
    const isInit = address >= init.start && address < init.end;
    return { address, size, kind: isInit ? 'init' : 'section', name };
  });
  const text = elf.symbol('_text');
  if (text) lines.push({ address: text.value, size: 0, kind: 'base', name: '_text' });
  lines.push(...callers(elf, sections, sites));
  const places = lines
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
    .map(
      ({ address, size, kind, name }) => `${hex(address)} ${hex(BigInt(size))} ${kind} ${name}\n`,
    )
    .join('');
  return places + (classes ? writeClassLines(classes) : '');
}

function callers(elf: Elf, sections: ElfSection[], sites: ReadonlyMap<string, number[]>): Line[] {
  const lines: Line[] = [];
  const symbols = functionSymbols(elf);
  const counts = new Map<string, number>();
  for (const { name } of symbols) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { index, name, address: start } of sections) {
    const offsets = sites.get(name) ?? [];
    const inside = symbols
      .filter(({ section }) => section === index)
      .sort((a, b) => a.offset(start) - b.offset(start) || (a.name < b.name ? -1 : 1));
    let at = 0;
    let last = -1;
    for (const symbol of inside) {
      const begin = symbol.offset(start);
      // Of several names for one place, the first is used.
      if (begin === last) continue;
      while (at < offsets.length && offsets[at] < begin) at++;
      if (at >= offsets.length || offsets[at] >= begin + symbol.size) continue;
      const isOnly = counts.get(symbol.name) === 1;
      const kind = isOnly ? 'function' : 'homonym';
      lines.push({ address: symbol.address, size: symbol.size, kind, name: symbol.name });
      last = begin;
    }
  }
  return lines;
}

function functionSymbols({ symbols }: Elf) {
  const found = [];
  for (let index = 1; index < symbols.length; index++) {
    if (symbols.type(index) !== SymbolType.FUNC || symbols.size(index) === 0) continue;
    const address = symbols.value(index);
    found.push({
      address,
      size: symbols.size(index),
      section: symbols.section(index),
      name: symbols.name(index),
      offset: (start: bigint) => Number(address - start),
    });
  }
  return found;
}

/** Offsets of the sites, ascending, by section. */
function sitesBySection(btf: Btf): Map<string, number[]> {
  const sites = new Map<string, number[]>();
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== Kind.LOCSEC) continue;
    const offsets = sites.get(btf.name(id)) ?? [];
    for (let site = 0; site < btf.vlen(id); site++) offsets.push(btf.tail(id, site * 3 + 2));
    sites.set(btf.name(id), offsets);
  }
  return sites;
}

function range(elf: Elf, from: string, to: string): { start: bigint; end: bigint } {
  return { start: elf.symbol(from)?.value ?? 0n, end: elf.symbol(to)?.value ?? 0n };
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** A site's place in the kernel of its BTF. */
export interface SitePlace {
  /** The link address. */
  readonly address: bigint;
  /** Its memory is freed after boot. */
  readonly init: boolean;
  readonly caller?: { readonly name: string; readonly offset: number } | undefined;
  /** The place in the syntax of kprobes; absent if nothing may be probed there. */
  readonly probe?: string | undefined;
}

/** Answers questions from a map of `writeCallerMap`. */
export class CallerMap {
  readonly #sections = new Map<string, { address: bigint; size: number; init: boolean }>();
  readonly #functions: Line[] = [];
  readonly #classes = new SiteClasses();
  #base: bigint | undefined;

  /**
   * Skips unknown lines. Throws FormatError `inlines-map` for a text with content but no section.
   */
  constructor(text: string) {
    for (const line of text.split('\n')) {
      const found = /^([0-9a-f]{16}) ([0-9a-f]{16}) ([a-z]+) (\S+)$/.exec(line);
      if (!found) continue;
      const [, start, length, kind, name] = found;
      const address = BigInt(`0x${start}`);
      const size = Number(`0x${length}`);
      if (kind === 'base') this.#base = address;
      else if (kind === 'section' || kind === 'init') {
        this.#sections.set(name, { address, size, init: kind === 'init' });
      } else if (kind === 'function' || kind === 'homonym') {
        this.#functions.push({ address, size, kind, name });
      } else this.#classes.read(Number(address), size, kind, name);
    }
    if (this.#sections.size > 0 || text === '') return;
    throw new FormatError('inlines-map', 'no map of inlined calls: it has no section');
  }

  /** Undefined if the map does not tell: it is older, or the kernel's build wrote the sites. */
  classOf(site: number): SiteClass | undefined {
    return this.#classes.of(site);
  }

  /** Undefined for a section that the map lacks. */
  place(section: string, offset: number): SitePlace | undefined {
    const found = this.#sections.get(section);
    if (found === undefined) return undefined;
    const address = found.address + BigInt(offset);
    const function_ = this.#functionAt(address);
    const distance = function_ ? Number(address - function_.address) : 0;
    const probe = found.init ? undefined : this.#probe(function_, distance, address);
    return {
      address,
      init: found.init,
      caller: function_ && { name: function_.name, offset: distance },
      probe,
    };
  }

  /** The section that contains an address, and the distance from its start. */
  locate(address: bigint): { section: string; offset: number } | undefined {
    for (const [section, { address: start, size }] of this.#sections) {
      const inside = address >= start && address < start + BigInt(size);
      if (inside) return { section, offset: Number(address - start) };
    }
    return undefined;
  }

  #probe(function_: Line | undefined, distance: number, address: bigint): string | undefined {
    if (function_?.kind === 'function') {
      return distance === 0 ? function_.name : `${function_.name}+0x${distance.toString(16)}`;
    }
    const isBehind = this.#base !== undefined && address >= this.#base;
    return isBehind ? `_text+0x${(address - (this.#base ?? 0n)).toString(16)}` : undefined;
  }

  #functionAt(address: bigint): Line | undefined {
    const functions = this.#functions;
    let low = 0;
    let high = functions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (functions[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    const found = functions.at(low - 1);
    if (low === 0 || found === undefined) return undefined;
    return address < found.address + BigInt(found.size) ? found : undefined;
  }
}
