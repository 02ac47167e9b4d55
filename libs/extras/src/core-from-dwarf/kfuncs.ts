import type { Elf } from '@btf-depot/elf';
import type { DwarfNames } from './dwarf-names.ts';

/** Names of the kernel: include/linux/btf_ids.h and btf.h. */
const SET = '__BTF_ID__set8__';
const FUNCTION = '__BTF_ID__func__';
const SET_OF_KFUNCS = 1;
const FASTCALL = 1 << 12;

/** The flags of a kfunc in a set. */
export interface Kfunc {
  readonly isFastcall: boolean;
}

/**
 * The functions that BPF programs may call, by number of the name: the sets in .BTF_ids list them
 * (BTF_KFUNCS_START). Empty if the kernel has none, or no symbols.
 */
export function findKfuncs(elf: Elf, names: DwarfNames): Map<number, Kfunc> {
  const found = new Map<number, Kfunc>();
  const section = elf.section('.BTF_ids');
  if (section === undefined) return found;
  const bytes = elf.bytes(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = elf.endian === 'little';
  const { symbols } = elf;
  const sets: { from: number; to: number }[] = [];
  const functions: { name: string; at: number }[] = [];
  for (let index = 1; index < symbols.length; index++) {
    if (symbols.section(index) !== section.index) continue;
    const name = symbols.name(index);
    const at = Number(symbols.value(index) - section.address);
    if (at < 0 || at + 8 > bytes.length) continue;
    if (name.startsWith(SET)) {
      const isOfKfuncs = (view.getUint32(at + 4, little) & SET_OF_KFUNCS) !== 0;
      if (isOfKfuncs) sets.push({ from: at, to: at + symbols.size(index) });
    } else if (name.startsWith(FUNCTION)) {
      // A number follows, which tells apart the places that name one function.
      const end = name.lastIndexOf('__');
      if (end > FUNCTION.length) functions.push({ name: name.slice(FUNCTION.length, end), at });
    }
  }
  sets.sort((a, b) => a.from - b.from);
  for (const { name, at } of functions) {
    if (!sets.some(({ from, to }) => from <= at && at < to)) continue;
    found.set(names.ofText(name), {
      isFastcall: (view.getUint32(at + 4, little) & FASTCALL) !== 0,
    });
  }
  return found;
}
