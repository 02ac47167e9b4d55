import type { Elf } from '@btf-depot/elf';

/** An entry of `.rela.dyn`, Elf64_Rela: offset, info, addend. */
const ENTRY = 24;

/** R_AARCH64_RELATIVE, R_RISCV_RELATIVE: architectures whose images have no ELF headers. */
const RELATIVE = [0x403n, 3n];

/** The alignment of these images in memory (MIN_KIMG_ALIGN of arm64, PMD_SIZE of RISC-V). */
const ALIGNMENT = 0x200000n;

/** Before the lowest symbol, `_text` or `_stext`, there is at most the image's head. */
const HEAD = 0x100000n;

/** Most entries that are read; a kernel has some 200,000 of them. */
const ENTRIES = 4_000_000;

/** Most consecutive entries of other kinds, which the linker left empty. */
const OTHERS = 64;

/** The relocated value of the word at an address, by the relocations of a vmlinux. */
export function relocatedWord(elf: Elf, address: bigint): bigint | undefined {
  const section = elf.section('.rela.dyn');
  if (!section || elf.class !== 64) return undefined;
  const bytes = elf.bytes(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = elf.endian === 'little';
  for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY) {
    if (view.getBigUint64(at, little) !== address) continue;
    const symbol = Number(view.getBigUint64(at + 8, little) >> 32n);
    const addend = view.getBigInt64(at + 16, little);
    const value = symbol === 0 ? 0n : dynamicSymbol(elf, section.link, symbol);
    return value === undefined ? undefined : BigInt.asUintN(64, value + addend);
  }
  return undefined;
}

/** The value of an Elf64_Sym in the relocations' symbol table. */
function dynamicSymbol(elf: Elf, table: number, index: number): bigint | undefined {
  const section = elf.sections.at(table);
  const bytes = section && elf.bytes(section);
  const at = index * 24 + 8;
  if (!bytes || at + 8 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getBigUint64(at, elf.endian === 'little');
}

/**
 * The link address of an image without ELF headers, and the relocated value of the word at `place`.
 * The image has its relocations inside: one of them is for that word, and with the link address
 * that follows from it, all of them lie in the image. Undefined unless there is exactly one answer.
 */
export function relocatedImage(
  image: Uint8Array,
  place: number,
): { address: bigint; word: bigint } | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (const info of RELATIVE) {
    const entries = relativeEntries(image, view, info);
    const found = linkedTo(view, entries, { place, size: BigInt(image.length) });
    if (found) return found;
  }
  return undefined;
}

/** Offsets of the most consecutive entries of one kind, with others in between. */
function relativeEntries(image: Uint8Array, view: DataView, info: bigint): number[] {
  const pattern = Buffer.alloc(8);
  pattern.writeBigUInt64LE(info);
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  let best: number[] = [];
  for (let at = bytes.indexOf(pattern, 8); at >= 0;) {
    const run: number[] = [];
    for (let next = at - 8, other = 0; next + ENTRY <= bytes.length && other < OTHERS;) {
      const isOfKind = view.getBigUint64(next + 8, true) === info;
      if (isOfKind) run.push(next);
      other = isOfKind ? 0 : other + 1;
      if (run.length === ENTRIES) break;
      next += ENTRY;
    }
    if (run.length > best.length) best = run;
    at = bytes.indexOf(pattern, run[run.length - 1] + ENTRY);
  }
  return best;
}

function linkedTo(
  view: DataView,
  entries: readonly number[],
  { place, size }: { place: number; size: bigint },
): { address: bigint; word: bigint } | undefined {
  const offsets = BigUint64Array.from(entries, (at) => view.getBigUint64(at, true));
  const lowest = offsets.reduce((least, offset) => (offset < least ? offset : least), 1n << 64n);
  const highest = offsets.reduce((most, offset) => (offset > most ? offset : most), 0n);
  const found = entries.flatMap((at, index) => {
    const address = offsets[index] - BigInt(place);
    const word = view.getBigUint64(at + 16, true);
    const isInside = address <= lowest && highest < address + size;
    const isLinked = address % ALIGNMENT === 0n && word >= address && word < address + HEAD;
    return isInside && isLinked ? [{ address, word }] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}
