import { SectionIndex, SymbolType, type Elf } from '@btf-depot/elf';

/** What a kernel's symbol table has under one name. */
export interface NamedSymbol {
  /** Address of the first one. */
  readonly address: bigint;
  /** Bytes; 0 where the assembler was not told. */
  readonly size: number;
  /** A function, which no variable can be. */
  readonly isFunction: boolean;
  /** How many symbols have the name: with more than one, what a lookup by name finds is chance. */
  count: number;
}

/**
 * The symbols that have one of the names, by name; empty for a stripped file. Whatever has an
 * address counts, local or not: the kernel's table of names (kallsyms) makes no difference.
 */
export function symbolsNamed(kernel: Elf, names: ReadonlySet<string>): Map<string, NamedSymbol> {
  const { symbols } = kernel;
  const found = new Map<string, NamedSymbol>();
  for (let index = 1; index < symbols.length; index++) {
    const type = symbols.type(index);
    if (type === SymbolType.SECTION || type === SymbolType.FILE) continue;
    if (symbols.section(index) === SectionIndex.UNDEF) continue;
    const name = symbols.name(index);
    if (!names.has(name)) continue;
    const known = found.get(name);
    if (known) known.count++;
    else {
      const address = symbols.value(index);
      const isFunction = type === SymbolType.FUNC;
      found.set(name, { address, size: symbols.size(index), isFunction, count: 1 });
    }
  }
  return found;
}
