import type { KernelSymbol } from './kernel-symbols.ts';

/** What a kernel has under one name. */
export interface NamedSymbol extends KernelSymbol {
  /** How many symbols have the name: with more than one, what a lookup by name finds is chance. */
  count: number;
}

/** The symbols that have one of the names, by name; of several the first. */
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
