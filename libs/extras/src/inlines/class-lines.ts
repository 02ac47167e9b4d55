import { SITE_CLASSES, type SiteClass } from './coverage.ts';

/** Most sites in one line. */
const PER_LINE = 64;

/**
 * Lines of the map with the class of each site: number of the first site, number of sites in the
 * line, class, and the distance of each from the one before. Sites in no line are `inside`, which
 * has one line with the number of sites, so that a map without classes can be told apart.
 *
 * @param classes of each site by its number in SiteTable: its index in SITE_CLASSES.
 */
export function writeClassLines(classes: Uint8Array): string {
  let text = line(0, classes.length, 'inside', '-');
  for (const [at, name] of SITE_CLASSES.entries()) {
    if (name === 'inside') continue;
    const sites: number[] = [];
    for (let site = 0; site < classes.length; site++) if (classes[site] === at) sites.push(site);
    for (let from = 0; from < sites.length; from += PER_LINE) {
      const some = sites.slice(from, from + PER_LINE);
      const gaps = some.map((site, place) => site - some[Math.max(place - 1, 0)]);
      text += line(some[0], some.length, name, gaps.join(','));
    }
  }
  return text;
}

function line(first: number, count: number, kind: SiteClass, gaps: string): string {
  return `${word(first)} ${word(count)} ${kind} ${gaps}\n`;
}

function word(value: number): string {
  return value.toString(16).padStart(16, '0');
}

/** Reads the classes of sites from lines of a map. */
export class SiteClasses {
  /** Number of sites with a class; undefined if the map has none. */
  #count: number | undefined;
  readonly #others = new Map<number, SiteClass>();

  /** Reads a line of the map; ignores lines that are not about classes. */
  read(first: number, count: number, kind: string, gaps: string): void {
    const name = SITE_CLASSES.find((one) => one === kind);
    if (name === 'inside') this.#count = count;
    else if (name !== undefined) {
      let site = first;
      for (const gap of gaps.split(',')) this.#others.set((site += Number(gap)), name);
    }
  }

  /** Undefined if the map does not tell. */
  of(site: number): SiteClass | undefined {
    if (this.#count === undefined || site >= this.#count) return undefined;
    return this.#others.get(site) ?? 'inside';
  }
}
