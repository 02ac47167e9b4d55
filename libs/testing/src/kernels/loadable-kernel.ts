import {
  addArray,
  addComposite,
  addInt,
  addSection,
  addVariable,
  BtfBuilder,
  IntEncoding,
  Kind,
} from '@btf-depot/btf';
import { SectionType, SymbolType } from '@btf-depot/elf';
import { emptyModule, linkRecord } from '@btf-depot/carrier/testing';
import { executable, type ExecutableSection, type ExecutableSymbol } from '@btf-depot/elf/testing';
import { kallsymsImage } from '@btf-depot/extras/testing';
import { buildIdNote } from './kernel-files.ts';

const RODATA = 0xffffffff82000000n;
const DATA = 0xffffffff83000000n;

/** The vermagic that the kernel of `loadableKernel` demands of modules. */
export const TEST_VERMAGIC = '6.12.117-test SMP preempt mod_unload modversions ';

/**
 * A made-up vmlinux that allows a loadable carrier, its System.map, and BTF with its variables.
 * `safe` can be given to the running kernel, `freed` is in memory that it frees, `twice` has a
 * namesake. The options remove something, or add a symbol table inside, like a kernel that finds
 * variables by name, or only functions.
 * With `core` it is a kernel whose core a module brings (CONFIG_DEBUG_INFO_BTF=m): vmlinux.unstripped,
 * or the vmlinux that is booted.
 */
export function loadableKernel(
  buildId: string,
  without: { symbols?: boolean; vermagic?: boolean; core?: 'unstripped' | 'stripped' } = {},
  kallsyms?: 'all' | 'functions',
): { vmlinux: Uint8Array; full: Uint8Array; map: Buffer } {
  const rodata = Buffer.alloc(64);
  rodata.writeUInt32LE(0x2f9b1a5a, 0);
  rodata.write(TEST_VERMAGIC, 4, 'latin1');
  const notype = { type: SymbolType.NOTYPE };
  const vermagic = { name: 'vermagic', value: RODATA + 4n, size: TEST_VERMAGIC.length + 1 };
  const symbols = [
    ...(without.vermagic ? [] : [vermagic]),
    { name: '__crc_module_layout', value: RODATA, ...notype },
    { name: 'safe', value: DATA, size: 4 },
    { name: 'twice', value: DATA + 4n, size: 4 },
    { name: 'twice', value: RODATA, type: SymbolType.FUNC },
    { name: 'freed', value: DATA + 8n, size: 4 },
    { name: '__init_begin', value: DATA + 8n, ...notype },
    { name: '__init_end', value: DATA + 16n, ...notype },
    { name: '_text', value: RODATA - 0x1000n, ...notype },
    { name: '__smp_locks', value: DATA + 16n, ...notype },
    { name: '__smp_locks_end', value: DATA + 16n, ...notype },
    { name: '_end', value: DATA + 64n, ...notype },
    ...functions,
  ];
  const inside = kallsyms && tableOf(kallsyms === 'all' ? symbols : functions);
  const vmlinux = executable({
    sections: [
      {
        name: '.rodata',
        address: RODATA,
        bytes: inside ? Buffer.concat([rodata, inside]) : rodata,
      },
      { name: '.data', address: DATA, bytes: new Uint8Array(64) },
      { name: '.notes', type: SectionType.NOTE, bytes: buildIdNote(buildId, 'little') },
      ...coreSections(without.core),
    ],
    symbols: without.symbols ? undefined : symbols,
  });
  const full = types();
  const entries = ['safe', 'twice', 'freed'].map((name, index) => ({
    type: addVariable(full, name, 1, 1),
    offset: index * 4,
    size: 4,
  }));
  addSection(full, '.data', 12, entries);
  const lines = symbols.map(({ name, value }) => `${value.toString(16)} D ${name}\n`);
  return { vmlinux, full: full.finish(), map: Buffer.from(lines.join('')) };
}

function coreSections(core?: 'unstripped' | 'stripped'): ExecutableSection[] {
  const bytes = types().finish();
  if (!core) return [{ name: '.BTF', bytes }];
  const link = { name: '.BTF.link', bytes: linkRecord({ module: 'btf_vmlinux', data: bytes }) };
  return core === 'stripped' ? [link] : [{ name: '.BTF', flags: 0, bytes }, link];
}

/** The module that brings the core of such a kernel, as its build makes it. */
export function coreModule(core: Uint8Array = types().finish()): Uint8Array {
  const sections = [{ name: '.BTF', align: 4, bytes: core }];
  return emptyModule({ name: 'btf_vmlinux', vermagic: TEST_VERMAGIC, sections });
}

/** As many as a symbol table needs to be recognised. */
const functions: ExecutableSymbol[] = Array.from({ length: 20 }, (_, index) => ({
  name: index === 0 ? '_stext' : `function_${index}`,
  value: RODATA - 0x1000n + BigInt(index) * 16n,
  type: SymbolType.FUNC,
}));

/** In the form of x86 since Linux 6.5. */
function tableOf(symbols: readonly ExecutableSymbol[]): Uint8Array {
  const lines = symbols.map(({ name, value }) => ({ name, address: value, type: 'd' }));
  lines.sort((a, b) => Number(a.address - b.address));
  return kallsymsImage(
    lines,
    {
      form: 'absolute-percpu',
      endian: 'little',
      bits: 64,
      addresses: 'behind',
      order: 3,
      markerSize: 4,
      alignment: 8,
    },
    { first: RODATA },
  ).bytes;
}

function types(): BtfBuilder {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, IntEncoding.SIGNED);
  addInt(b, 'long unsigned int', 8);
  const name = addArray(b, addInt(b, 'char', 1, IntEncoding.SIGNED), int, 56);
  addComposite(b, Kind.STRUCT, 'module', 1280, [{ name: 'name', type: name, bitOffset: 192 }]);
  return b;
}
