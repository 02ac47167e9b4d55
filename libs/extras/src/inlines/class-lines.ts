import { SITE_CLASSES, type SiteClass } from './coverage.ts';

/** Sites that one line names. */
const PER_LINE = 64;

/**
 * Lines of the map that say the class of each site: number of the first site, how many the line
 * names, class, and how far each is behind the one before it. Sites that no line names are
 * `inside`; its one line says how many sites there are, so that a map without is told apart.
 *
 * @param classes of each site by its number in SiteTable: its place among SITE_CLASSES.
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

/** Classes of sites, as lines of a map say them. */
export class SiteClasses {
  /** How many sites have one; undefined if the map says none. */
  #count: number | undefined;
  readonly #others = new Map<number, SiteClass>();

  /** Takes a line of the map; one that is not about classes is passed over. */
  read(first: number, count: number, kind: string, gaps: string): void {
    const name = SITE_CLASSES.find((one) => one === kind);
    if (name === 'inside') this.#count = count;
    else if (name !== undefined) {
      let site = first;
      for (const gap of gaps.split(',')) this.#others.set((site += Number(gap)), name);
    }
  }

  /** Undefined if the map does not say it. */
  of(site: number): SiteClass | undefined {
    if (this.#count === undefined || site >= this.#count) return undefined;
    return this.#others.get(site) ?? 'inside';
  }
}
