import { addInt, BtfBuilder, IntEncoding } from '@btf-depot/btf';
import { Machine } from '@btf-depot/elf';
import { carrier, type CarrierInput, type LoadFacts } from '../index.ts';
import { emptyModule } from './empty-module.ts';

export const load: LoadFacts = {
  vermagic: '6.12.117+deb12-cloud-amd64 SMP preempt mod_unload modversions ',
  layoutCrc: 0x2f9b1a5a,
  structModule: { size: 1280, nameOffset: 24 },
};

export const container = {
  target: { class: 64, endian: 'little', machine: Machine.X86_64 },
  buildId: '7f76f39f00112233445566778899aabbccddeeff',
  baseSha256: '0123456789abcdef'.repeat(4),
  btf: { holds: 'ksyms', bytes: Uint8Array.of(1, 2, 3, 4, 5) },
  extras: [{ name: 'vars', bytes: Uint8Array.of(6, 7, 8) }],
} satisfies CarrierInput;
export const input = { ...container, load };

const inline = { name: '.BTF.inline', bytes: btfOf('int') };
export const empty = emptyModule({ name: 'btf_vmlinux_inline', sections: [inline] });
export const arm64 = { ...input, target: { ...input.target, machine: Machine.AARCH64 } };
export const HONEST: readonly (readonly [what: string, module: Uint8Array])[] = [
  ['ours', carrier(input)],
  ['an empty one of the kernel’s build', empty],
];

export function btfOf(name: string): Uint8Array {
  const types = new BtfBuilder();
  addInt(types, name, 4, IntEncoding.SIGNED);
  return types.finish();
}
