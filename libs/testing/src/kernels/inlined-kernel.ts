import { addInt, BtfBuilder, IntEncoding } from '@btf-depot/btf';
import { At, Form } from '@btf-depot/dwarf';
import { callOf, CODE, codeSection, inlinedCalls } from '@btf-depot/dwarf/testing';
import { SectionType, SymbolType } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import { buildIdNote } from './kernel-files.ts';

/**
 * A made-up vmlinux with BTF and DWARF: `twice(int n, long m)` is inlined into `caller` at +4 (`n`
 * in rdi) and at +8, with another call of it inside. `inline`: the contents of its `.BTF.inline`.
 * `link`: its `.BTF.inline.link`, which names a module with these contents. `withoutBtf`: it has
 * only DWARF.
 */
export function inlinedKernel(
  buildId: string,
  {
    inline,
    link,
    withoutBtf = false,
  }: { inline?: Uint8Array; link?: Uint8Array; withoutBtf?: boolean } = {},
): { vmlinux: Uint8Array; core: Uint8Array } {
  const inRdi = [[At.LOCATION, Form.EXPRLOC, Uint8Array.of(0x55)]] as const;
  const debug = inlinedCalls([
    callOf(4, { n: inRdi }),
    callOf(8, {}, { children: [callOf(8, { m: inRdi })] }),
  ]);
  const types = new BtfBuilder();
  addInt(types, 'int', 4, IntEncoding.SIGNED);
  addInt(types, 'long int', 8, IntEncoding.SIGNED);
  const core = types.finish();
  const vmlinux = executable({
    sections: [
      codeSection,
      { name: '.notes', type: SectionType.NOTE, bytes: buildIdNote(buildId, 'little') },
      ...(withoutBtf ? [] : [{ name: '.BTF', bytes: core }]),
      ...(inline ? [{ name: '.BTF.inline', bytes: inline }] : []),
      ...(link ? [{ name: '.BTF.inline.link', bytes: link }] : []),
      ...Object.entries(debug).map(([name, bytes]) => ({ name, flags: 0, bytes })),
    ],
    symbols: [
      { name: '_text', value: CODE, type: SymbolType.NOTYPE, section: '.text' },
      { name: 'caller', value: CODE, size: 0x40, type: SymbolType.FUNC, section: '.text' },
    ],
  });
  return { vmlinux, core };
}
