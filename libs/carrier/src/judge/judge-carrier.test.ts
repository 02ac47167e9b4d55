import { BtfBuilder } from '@btf-depot/btf';
import { bytesSource } from '@btf-depot/bytes';
import { readElf, SectionFlag, SectionType, type SectionInput } from '@btf-depot/elf';
import { describe, expect, it, test } from 'vitest';
import { carrier, judgeCarrier, type JudgeOptions } from '../index.ts';
import { arm64, btfOf, container, empty, HONEST, input, load } from '../testing/honest-modules.ts';
import { emptyModule, signatureOf, withSection } from '../testing/index.ts';

const { ALLOC, EXECINSTR } = SectionFlag;

function refusal(module: Uint8Array, options?: JudgeOptions): string {
  const judgement = judgeCarrier(module, options);
  return judgement.as === 'refused' ? `${judgement.code} ${judgement.why}` : judgement.as;
}

describe('a module is taken that is', () => {
  it.each<[string, Uint8Array]>([
    ['a carrier', carrier(input)],
    ['a carrier of core', carrier({ ...input, btf: { holds: 'core', bytes: Uint8Array.of(1) } })],
    ['a container', carrier(container)],
    ['a carrier with placeholders', carrier(arm64)],
    [
      'a carrier with the extended form of versions',
      carrier({ ...input, load: { ...load, extendedVersions: true } }),
    ],
    ['a carrier under another name', carrier({ ...input, name: 'vmlinux.vars' })],
    ['signed', Buffer.concat([carrier(input), signatureOf()])],
  ])('%s', (_, module) => {
    expect(judgeCarrier(module)).toMatchObject({ as: 'carrier', writer: 1 });
  });

  it('an empty module of a build, with BTF', () => {
    expect(judgeCarrier(empty)).toEqual({
      as: 'empty-module',
      load: { structModule: { size: 1280, nameOffset: 24 }, layoutCrc: 0x2f9b1a5a },
    });
  });

  it('an empty module with the mark of its stack twice, as Linux 7.2 makes it', () => {
    const twice = withSection(empty, {
      name: '.note.GNU-stack',
      type: SectionType.NOTE,
      bytes: new Uint8Array(),
    });
    expect(refusal(twice)).toBe('empty-module');
  });
});

/** Each patches or calls something, or loads other modules; few are executable. */
const EFFECTIVE = [
  '.text',
  '.init.text',
  '.exit.text',
  '.altinstructions',
  '.altinstr_replacement',
  '.return_sites',
  '.retpoline_sites',
  '.call_sites',
  '.ibt_endbr_seal',
  '.static_call_sites',
  '.static_call.text',
  '.parainstructions',
  '__jump_table',
  '__bug_table',
  '.smp_locks',
  '__param',
  '.init_array',
  '.ctors',
  '.fini_array',
  '__ksymtab',
  '__ksymtab_gpl',
  '__ksymtab_strings',
  '__kcrctab',
  '_ftrace_events',
  '__tracepoints',
  '__bpf_raw_tp_map',
  '.klp.rela.vmlinux..text',
  '.klp.sym',
  '__ex_table',
  '__mcount_loc',
  '.orc_unwind',
  '.data..percpu',
  '.init.data',
  '.rodata',
  '.data..ro_after_init',
  '.codetag.alloc_tags',
  '.eh_frame',
  '.kunit_test_suites',
  '.BTF_ids',
  '.toc',
  '.plt.got',
  'of_any_name',
];

describe.each(HONEST)('%s is refused with', (_, module) => {
  it.each(EFFECTIVE)('the section %s', (name) => {
    const flags = name.includes('text') ? ALLOC | EXECINSTR : ALLOC;
    const worse = withSection(module, { name, flags, bytes: Uint8Array.of(0x90, 0xc3, 0, 0) });
    // An empty module has an empty .text: then there are two.
    expect(refusal(worse)).toMatch(
      new RegExp(
        `^carrier-(?:section|contents|layout) \\${name.startsWith('.') ? name : `b${name}`}: `,
      ),
    );
  });

  it('such a section that is of no bytes, or takes none of the file', () => {
    for (const type of [SectionType.PROGBITS, SectionType.NOBITS]) {
      const bytes = new Uint8Array();
      const worse = withSection(module, { name: '.init_array', type, flags: ALLOC, bytes });
      expect(refusal(worse)).toMatch(/^carrier-section \.init_array: the kernel calls/);
    }
  });

  it('an executable section under the name of a harmless one', () => {
    for (const name of ['.BTF.more', '.plt', '.comment']) {
      const flags = ALLOC | EXECINSTR;
      const worse = withSection(module, { name, flags, bytes: Uint8Array.of(0x90, 0xc3) });
      expect(refusal(worse)).toMatch(/^carrier-/);
    }
  });

  it.each(['.gnu.linkonce.this_module', '.BTF', '__versions', '.modinfo'])(
    'relocations of %s, under whatever name',
    (relocated) => {
      for (const name of ['.rela.gnu.linkonce.this_module', '.rela.debug_info', '.rel.x']) {
        for (const type of [SectionType.RELA, SectionType.REL]) {
          const more = { name, type, align: 8, entrySize: 24, bytes: new Uint8Array(24).fill(1) };
          expect(refusal(withSection(module, more, relocated))).toMatch(/^carrier-/);
        }
      }
    },
  );

  it('the header of a section twice', () => {
    for (const { index, name } of readElf(bytesSource(module)).sections.slice(1)) {
      // That one may be there twice.
      if (name === '.note.GNU-stack') continue;
      expect(refusal(copyHeader(module, { from: index, to: index === 1 ? 2 : 1 }))).toMatch(
        /^carrier-layout/,
      );
    }
  });

  it('sections that overlap', () => {
    const { sections, header } = readElf(bytesSource(module));
    const [one, two] = sections.filter(({ size, type }) => size > 0 && type !== SectionType.NOBITS);
    const worse = module.slice();
    new DataView(worse.buffer).setBigUint64(
      header.sectionOffset + (two?.index ?? 0) * 64 + 24,
      BigInt(one?.offset ?? 0),
      true,
    );
    expect(refusal(worse)).toMatch(/^carrier-layout .*overlaps/);
  });

  it('a section over the headers', () => {
    const { header, sections } = readElf(bytesSource(module));
    const modinfo = sections.findIndex(({ name }) => name === '.modinfo');
    const at = header.sectionOffset + modinfo * 64 + 24;
    const worse = module.slice();
    new DataView(worse.buffer).setBigUint64(at, 0n, true);
    expect(refusal(worse)).toMatch(/^carrier-layout/);
  });

  it('bytes between sections', () => {
    const { sections } = readElf(bytesSource(module));
    const self = sections.find(({ name }) => name === '.gnu.linkonce.this_module');
    const worse = module.slice();
    worse[(self?.offset ?? 0) - 1] = 0x90;
    expect(refusal(worse)).toMatch(/^carrier-layout .*there are bytes between/);
  });

  it('bytes behind it, and behind or before its signature', () => {
    const more = Uint8Array.of(0x90);
    for (const parts of [
      [module, more],
      [module, signatureOf(), more],
      [module, more, signatureOf()],
      [module, signatureOf(), signatureOf()],
    ]) {
      expect(refusal(Buffer.concat(parts))).toMatch(/^carrier-layout .*there are bytes/);
    }
  });

  it('something else than a signature appended', () => {
    const DER = '300d06092a864886f70d010702a000';
    for (const message of ['', '00', `${DER}90`, DER.slice(0, -2), DER.replace('0702', '0701')]) {
      const worse = Buffer.concat([module, signatureOf(Buffer.from(message, 'hex'))]);
      expect(refusal(worse)).toMatch(/^carrier-signature/);
    }
    const trailing = Buffer.concat([module, signatureOf()]);
    for (const [byte, value] of [
      [0, 1],
      [1, 1],
      [2, 1],
      [5, 9],
      [8, 1],
    ] as const) {
      const worse = Buffer.from(trailing);
      worse[worse.length - 28 - 12 + byte] = value;
      expect(refusal(worse)).toMatch(/^carrier-signature/);
    }
  });

  it('a pointer in struct module, or its name where the kernel has one', () => {
    const self = readElf(bytesSource(module)).section('.gnu.linkonce.this_module');
    const worse = module.slice();
    worse[(self?.offset ?? 0) + 320] = 0x10;
    expect(refusal(worse)).toMatch(/^carrier-(?:bytes|contents) \.gnu\.linkonce\.this_module/);
    const structModule = { size: 1280, nameOffset: 32 };
    expect(refusal(module, { structModule })).toMatch(/^carrier-struct-module/);
    expect(refusal(module, { structModule: { size: 1216, nameOffset: 24 } })).toMatch(
      /^carrier-struct-module/,
    );
  });
});

describe('an empty module has no bytes that a kernel loads and nobody wrote BTF or a name of:', () => {
  const btf = btfOf('long int');
  const comment = (text: string) => ({ name: '.comment', bytes: Buffer.from(text) });

  it.each([
    ['BTF of its own', { name: '.BTF', bytes: btf }],
    ['the base of it', { name: '.BTF.base', bytes: btf }],
    ['an empty base', { name: '.BTF.base', bytes: new Uint8Array() }],
    ['inlined calls under the other name', { name: '.BTF.inlines', bytes: btf }],
    ['the names of compilers', comment('\0GCC: (Debian 12.2.0-14) 12.2.0\0Linker: LLD 18.1.3\0')],
    ['clang of a vendor', comment('Debian clang version 16.0.6 (15~deb12u1)\0')],
  ])('%s is taken', (_, more) => {
    expect(refusal(withSection(empty, more))).toBe('empty-module');
  });

  const CASES: [what: string, more: SectionInput, why: RegExp][] = [
    ['a section named as BTF is', { name: '.BTF.evil', bytes: btf }, /^carrier-section/],
    ['BTF that is loaded', { name: '.BTF', flags: ALLOC, bytes: btf }, /its flags/],
    ['something else than BTF', { name: '.BTF', bytes: Buffer.from('#!/bin/sh') }, /^btf-magic/],
    ['BTF of the other byte order', { name: '.BTF', bytes: bigEndian() }, /big endian/],
    ['bytes behind BTF', { name: '.BTF', bytes: Buffer.concat([btf, btf]) }, /bytes beside/],
    ['bytes in its types', { name: '.BTF', bytes: withBrokenType(btf) }, /^btf-kind/],
    ['a script', comment('#!/bin/sh\necho anything\n'), /more than compilers/],
    ['a script behind a compiler', comment('GCC: (x) 1\0#!/bin/sh\0'), /more than compilers/],
    ['lines behind a compiler', comment('GCC: (x) 1\nsh -c anything\0'), /more than compilers/],
    ['many names', comment('GCC: (x) 1\0'.repeat(400)), /4096 at most/],
    ['large debug information', { name: '.debug_str', bytes: new Uint8Array(2 ** 21) }, /at most/],
  ];
  it.each(CASES)('%s is refused', (_, more, why) => {
    expect(refusal(withSection(empty, more))).toMatch(why);
  });

  function bigEndian(): Uint8Array {
    return new BtfBuilder({ endian: 'big' }).finish();
  }

  /** Its first type is of an unknown kind. */
  function withBrokenType(bytes: Uint8Array): Uint8Array {
    const worse = bytes.slice();
    worse[24 + 7] = 0x7f;
    return worse;
  }
});

describe.each(HONEST)('whatever section of %s it is of, an alignment is refused', (_, module) => {
  const { sections, header } = readElf(bytesSource(module));
  it.each([3, 8192, 2 ** 31, 2 ** 32, 2 ** 32 + 8, 2 ** 52])('of %d bytes', (alignment) => {
    for (const { index, name } of sections) {
      if (index === 0) continue;
      const worse = Buffer.from(module);
      worse.writeBigUInt64LE(BigInt(alignment), header.sectionOffset + index * 64 + 48);
      const why = `carrier-layout ${name}: its alignment is ${alignment}`;
      expect(refusal(worse)).toContain(why);
    }
  });
});

test('a carrier whose name lies elsewhere in struct module is refused', () => {
  const elsewhere = { ...load, structModule: { size: 1280, nameOffset: 320 } };
  expect(refusal(carrier({ ...input, load: elsewhere }))).toMatch(/^carrier-struct-module/);
  const { structModule } = elsewhere;
  expect(refusal(carrier({ ...input, load: elsewhere }), { structModule })).toBe('carrier');
  const shuffled = { ...elsewhere, vermagic: '6.12 SMP RANDSTRUCT_0123 ' };
  expect(refusal(carrier({ ...input, load: shuffled }))).toMatch(/shuffled/);
});

describe('fields of .modinfo are refused:', () => {
  const cases: [key: string, value: string][] = [
    ['depends', 'other'],
    ['softdep', 'pre: other'],
    ['weakdep', 'other'],
    ['alias', 'pci:*'],
    ['parm', 'x:a parameter'],
    ['parmtype', 'x:int'],
    ['import_ns', 'DMA_BUF'],
    ['firmware', 'x.bin'],
    ['livepatch', 'Y'],
    ['staging', 'Y'],
    ['license', 'GPL'],
    ['intree', 'N'],
    ['retpoline', 'N'],
    ['of_any_key', 'x'],
  ];

  it.each(cases)('%s=%s in an empty module', (key, value) => {
    const worse = emptyModule({ name: 'btf_vmlinux_inline', modinfo: [{ key, value }] });
    expect(refusal(worse)).toMatch(new RegExp(`^carrier-contents \\.modinfo: the field "?${key}`));
  });

  it.each(cases)('%s=%s in a carrier', (key, value) => {
    const bytes = Buffer.from(carrier(input));
    // As long as the replaced text, so that only the field differs.
    const field = 'description=BTF of the kernel: ksyms, vars';
    const other = `${key}=${value}`.padEnd(field.length);
    bytes.write(other, bytes.indexOf(field), 'latin1');
    expect(refusal(bytes)).toMatch(/^carrier-bytes \.modinfo/);
  });

  it('strings that are no fields', () => {
    const bytes = Buffer.from(empty);
    bytes.write('licenseXGPL', bytes.indexOf('license=GPL'), 'latin1');
    expect(refusal(bytes)).toMatch(/^carrier-contents \.modinfo: it holds other strings/);
  });
});

test('a symbol of the kernel, or one that points out of its section, is refused', () => {
  const symbols = (fields: { section: number; value?: bigint; type?: number }) => {
    const entry = Buffer.alloc(48);
    entry.writeUInt8(fields.type ?? 0, 28);
    entry.writeUInt16LE(fields.section, 30);
    entry.writeBigUInt64LE(fields.value ?? 0n, 32);
    return replaceSymbols(empty, entry);
  };
  expect(refusal(symbols({ section: 2 }))).toBe('empty-module');
  expect(refusal(symbols({ section: 0 }))).toMatch(/^carrier-contents \.symtab: symbol 1/);
  expect(refusal(symbols({ section: 2, value: 4096n }))).toMatch(/not in a section/);
  expect(refusal(symbols({ section: 2, type: 10 }))).toMatch(/not in a section/);
  expect(refusal(symbols({ section: 0xfff1, value: 4096n }))).toMatch(/not in a section/);
});

test('a carrier of a version that is not known says which it is', () => {
  const bytes = Buffer.from(carrier(input));
  const field = 'description=BTF of the kernel: ksyms, vars';
  bytes.write(
    'writer=7\0description=BTF of the kernel\0ab=c'.slice(0, field.length),
    bytes.indexOf(field),
    'latin1',
  );
  expect(refusal(bytes)).toMatch(/^carrier-writer .*version 7 .* knows 1$/);
});

function copyHeader(module: Uint8Array, { from, to }: { from: number; to: number }): Uint8Array {
  const at = readElf(bytesSource(module)).header.sectionOffset;
  const worse = module.slice();
  worse.copyWithin(at + to * 64, at + from * 64, at + from * 64 + 64);
  return worse;
}

/** The module with another symbol table instead of its own, and at its end. */
function replaceSymbols(module: Uint8Array, table: Buffer): Uint8Array {
  const { sections, header } = readElf(bytesSource(module));
  const symtab = sections.find(({ type }) => type === SectionType.SYMTAB);
  const bytes = Buffer.concat([module, table]);
  const at = header.sectionOffset + (symtab?.index ?? 0) * 64;
  bytes.fill(0, symtab?.offset ?? 0, (symtab?.offset ?? 0) + 24);
  bytes.writeBigUInt64LE(BigInt(module.length), at + 24);
  bytes.writeBigUInt64LE(BigInt(table.length), at + 32);
  return bytes;
}

test('code is found by what a section is, not by its name', () => {
  const code = withSection(carrier(input), {
    name: '.BTF.more',
    flags: ALLOC | EXECINSTR,
    bytes: Uint8Array.of(0x31, 0xc0, 0xc3),
  });
  const relocation = { name: '.BTF.other', type: SectionType.RELA, bytes: new Uint8Array(24) };
  expect(refusal(code)).toMatch(/^carrier-section/);
  expect(refusal(withSection(carrier(input), relocation, '.gnu.linkonce.this_module'))).toMatch(
    /^carrier-section/,
  );
});
