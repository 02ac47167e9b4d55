import { SectionFlag, SectionIndex, SymbolType, type Elf } from '@btf-depot/elf';

/** A name in a kernel's image. */
export interface KernelSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 where it is not known. */
  readonly size: number;
}

/** A kernel's image, as far as its variables need it. */
export interface KernelImage {
  /** All of them: of a symbol table, or of a System.map. */
  readonly symbols: readonly KernelSymbol[];
  /** Addresses of the sections that are loaded; without, they follow from symbols of variables. */
  readonly sections?: ReadonlyMap<string, bigint>;
}

/** What a vmlinux says of the image. */
export function elfImage(kernel: Elf): Required<KernelImage> {
  const loaded = kernel.sections.filter(({ flags }) => (flags & SectionFlag.ALLOC) !== 0);
  return {
    symbols: elfSymbols(kernel),
    sections: new Map(loaded.map(({ name, address }) => [name, address])),
  };
}

/**
 * The symbols of a vmlinux; none of a stripped one. Whatever has an address counts, local or not:
 * the kernel's table of names (kallsyms) makes no difference.
 */
function elfSymbols({ symbols }: Elf): KernelSymbol[] {
  const found: KernelSymbol[] = [];
  for (let index = 1; index < symbols.length; index++) {
    const type = symbols.type(index);
    if (type === SymbolType.SECTION || type === SymbolType.FILE) continue;
    if (symbols.section(index) === SectionIndex.UNDEF) continue;
    const [name, address, size] = [symbols.name(index), symbols.value(index), symbols.size(index)];
    if (name !== '') found.push({ name, address, size });
  }
  return found;
}
