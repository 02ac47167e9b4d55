import type { Source } from '@btf-depot/bytes';
import type { Elf } from '@btf-depot/elf';
import { elfKallsyms, imageKallsyms } from './kallsyms/kernel-kallsyms.ts';
import { hasVariables, type Kallsyms } from './kallsyms/read-kallsyms.ts';
import { elfImage, type KernelImage, type KernelSymbol } from './kernel-symbols.ts';

/** What a kernel's own file says of its symbols: nobody's claim. */
export interface OwnSymbols extends KernelImage {
  /** Where names and addresses are from; `symtab` also where kallsyms has functions alone. */
  readonly from: 'kallsyms' | 'symtab';
}

/**
 * The symbols that a vmlinux has, stripped or not. Its kallsyms says which names there are, since
 * that is where the running kernel looks; the symbol table adds sizes. Where kallsyms has functions
 * alone, addresses of variables are those of the symbol table.
 *
 * @returns without symbols if the file has neither.
 * Throws FormatError `kallsyms-limit`, `symbols-limit`.
 */
export function ownSymbols(kernel: Elf): OwnSymbols {
  const image = elfImage(kernel);
  const kallsyms = elfKallsyms(kernel);
  return withKallsyms(image, kallsyms);
}

/** The same of a kernel that is the bytes of memory: its kallsyms alone. */
export function ownSymbolsOfImage(kernel: Source, arch?: string): OwnSymbols {
  return withKallsyms({ symbols: [], arch }, imageKallsyms(kernel));
}

function withKallsyms(image: KernelImage, kallsyms: Kallsyms | undefined): OwnSymbols {
  if (!kallsyms) return { ...image, from: 'symtab' };
  const hidesVariables = !hasVariables(kallsyms);
  if (hidesVariables && image.symbols.length > 0) {
    return { ...image, from: 'symtab', hidesVariables };
  }
  return { ...image, symbols: sized(kallsyms, image.symbols), from: 'kallsyms', hidesVariables };
}

/** Sizes matter of names that are there once. */
function sized(
  { names, addresses }: Kallsyms,
  symtab: readonly KernelSymbol[],
): readonly KernelSymbol[] {
  const known = new Map(symtab.map((symbol) => [symbol.name, symbol]));
  return names.map((name, index) => {
    const address = addresses[index];
    const same = known.get(name);
    return { name, address, size: same?.address === address ? same.size : 0 };
  });
}
