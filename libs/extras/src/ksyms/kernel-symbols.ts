import { FormatError } from '@btf-depot/bytes';
import { SectionFlag, SectionIndex, SymbolType, type Elf } from '@btf-depot/elf';
import { KALLSYMS_LIMITS } from '../kallsyms/name-table.ts';

/** A name in a kernel's image. */
export interface KernelSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 if it is not known. */
  readonly size: number;
}

/** A kernel's image, as far as its variables need it. */
export interface KernelImage {
  /** All symbols, of the kernel itself or of a System.map. */
  readonly symbols: readonly KernelSymbol[];
  /** Addresses of the loaded sections; if absent, they follow from symbols of variables. */
  readonly sections?: ReadonlyMap<string, bigint> | undefined;
  /** As in `uname -m`: some memory is lost on one architecture only. */
  readonly arch?: string | undefined;
  /** Its kallsyms has only functions: the kernel finds no variable by its name. */
  readonly hidesVariables?: boolean;
}

/** A vmlinux's description of the image, by section headers and symbol table. */
export function elfImage(
  kernel: Elf,
): KernelImage & { readonly sections: ReadonlyMap<string, bigint> } {
  const loaded = kernel.sections.filter(({ flags }) => (flags & SectionFlag.ALLOC) !== 0);
  return {
    symbols: elfSymbols(kernel),
    sections: new Map(loaded.map(({ name, address }) => [name, address])),
    arch: kernel.arch,
  };
}

/**
 * The symbols of a vmlinux; none if it is stripped. Every symbol with an address counts, local or
 * not. Throws FormatError `symbols-limit`: names may overlap, so a small table can hold many.
 */
function elfSymbols({ symbols }: Elf): KernelSymbol[] {
  const found: KernelSymbol[] = [];
  let text = 0;
  for (let index = 1; index < symbols.length; index++) {
    const type = symbols.type(index);
    if (type === SymbolType.SECTION || type === SymbolType.FILE) continue;
    if (symbols.section(index) === SectionIndex.UNDEF) continue;
    const [name, address, size] = [symbols.name(index), symbols.value(index), symbols.size(index)];
    if (name === '') continue;
    text += name.length;
    if (found.length === KALLSYMS_LIMITS.symbols || text > KALLSYMS_LIMITS.text) {
      const message = `more than ${KALLSYMS_LIMITS.symbols} symbols, or ${KALLSYMS_LIMITS.text} bytes of names`;
      throw new FormatError('symbols-limit', message, { section: '.symtab' });
    }
    found.push({ name, address, size });
  }
  return found;
}
