import type { KernelSymbol } from './kernel-symbols.ts';

/** The symbols of a kernel with one name. */
export interface NamedSymbol extends KernelSymbol {
  /**
   * Number of symbols with the name: with more than one, a look-up by name may find any of them.
   */
  count: number;
}

/** The symbols with one of the names, by name; of several the first. */
export function symbolsNamed(
  symbols: readonly KernelSymbol[],
  names: { has: (name: string) => boolean },
): Map<string, NamedSymbol> {
  const found = new Map<string, NamedSymbol>();
  for (const symbol of symbols) {
    if (!names.has(symbol.name)) continue;
    const known = found.get(symbol.name);
    if (known) known.count++;
    else found.set(symbol.name, { ...symbol, count: 1 });
  }
  return found;
}
