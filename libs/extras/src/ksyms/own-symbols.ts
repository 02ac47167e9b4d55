import type { Source } from '@btf-depot/bytes';
import type { Elf } from '@btf-depot/elf';
import { elfKallsyms, imageKallsyms } from '../kallsyms/kernel-kallsyms.ts';
import { hasVariables, type Kallsyms } from '../kallsyms/read-kallsyms.ts';
import { elfImage, type KernelImage, type KernelSymbol } from './kernel-symbols.ts';

/** The symbols in a kernel's own file, which nobody claimed. */
export interface OwnSymbols extends KernelImage {
  /** Source of names and addresses; `symtab` also if kallsyms has only functions. */
  readonly from: 'kallsyms' | 'symtab';
}

/**
 * The symbols of a vmlinux, stripped or not. Names are those of its kallsyms, where the running
 * kernel looks; the symbol table adds sizes. If kallsyms has only functions, addresses of variables
 * are those of the symbol table.
 *
 * @returns without symbols if the file has neither. Throws FormatError `kallsyms-limit`,
 *   `symbols-limit`.
 */
export function ownSymbols(kernel: Elf): OwnSymbols {
  const image = elfImage(kernel);
  const kallsyms = elfKallsyms(kernel);
  return withKallsyms(image, kallsyms);
}

/** The same for a kernel in memory form: only its kallsyms. */
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

/** Sizes matter only for unique names. */
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
