import { bytesSource, FormatError } from '@btf-depot/bytes';
import { ElfType, Machine, readElf, SectionFlag, SectionType } from '@btf-depot/elf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  carrier,
  carrierTarget,
  readCarrier,
  readModinfo,
  type CarrierInput,
  type LoadFacts,
} from './index.ts';

const core = Uint8Array.of(1, 2, 3, 4, 5);
const vars = Uint8Array.of(6, 7, 8);

const input: CarrierInput = {
  target: { class: 64, endian: 'little', machine: Machine.X86_64 },
  buildId: '7f76f39f00112233445566778899aabbccddeeff',
  baseSha256: '0123456789abcdef'.repeat(4),
  extras: [{ name: 'vars', bytes: vars }],
};

const load: LoadFacts = {
  vermagic: '6.12.117+deb12-cloud-amd64 SMP preempt mod_unload modversions ',
  layoutCrc: 0x2f9b1a5a,
  structModule: { size: 1280, nameOffset: 24 },
};

const btf = { holds: 'core', bytes: core } as const;

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

describe.each([
  { class: 64, endian: 'little', machine: Machine.X86_64 },
  { class: 64, endian: 'big', machine: Machine.S390 },
  { class: 32, endian: 'little', machine: Machine.ARM },
  { class: 32, endian: 'big', machine: Machine.PPC },
] as const)('a carrier for $class bits, $endian endian, machine $machine', (target) => {
  const bytes = carrier({ ...input, target, btf });
  const elf = readElf(bytesSource(bytes));

  it('is a relocatable file of that kind', () => {
    expect(elf.header).toMatchObject({ ...target, type: ElfType.REL });
    expect(elf.sections.map(({ name }) => name)).toEqual([
      '',
      '.modinfo',
      '.BTF',
      '.BTF.vars',
      '.symtab',
      '.strtab',
      '.shstrtab',
    ]);
  });

  it('holds the BTF byte for byte, in no memory of the kernel', () => {
    for (const [name, content] of [
      ['.BTF', core],
      ['.BTF.vars', vars],
    ] as const) {
      const section = elf.section(name);
      expect(section).toMatchObject({ type: SectionType.PROGBITS, flags: 0, align: 4 });
      expect(section && new Uint8Array(elf.bytes(section))).toEqual(content);
    }
    expect(elf.section('.modinfo')?.flags).toBe(SectionFlag.ALLOC);
  });
});

const tight = { ...load, structModule: { size: 128, nameOffset: 73 } };

describe('a carrier', () => {
  it('says what it is for', () => {
    const { modinfo, sections, ...fields } = readCarrier(carrier(input));
    expect(modinfo.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'license=GPL',
      'description=BTF of the kernel: vars',
      `build_id=${input.buildId}`,
      `btf_base_sha256=${input.baseSha256}`,
      'depends=',
      'name=btf_vmlinux',
    ]);
    expect(sections.map(({ name }) => name)).toEqual(['.BTF.vars']);
    expect(fields).toMatchObject({
      name: 'btf_vmlinux',
      buildId: input.buildId,
      baseSha256: input.baseSha256,
    });
    expect(fields).not.toHaveProperty('vermagic');
  });

  it('says a vermagic and a name that it is given', () => {
    const contents = readCarrier(carrier({ ...input, name: 'vmlinux.vars', load }));
    expect(contents).toMatchObject({ name: 'vmlinux.vars', vermagic: load.vermagic });
  });

  it('has the same bytes for the same input', () => {
    const again = { ...btf, bytes: core.slice() };
    expect(carrier({ ...input, btf, load })).toEqual(carrier({ ...input, btf: again, load }));
  });

  it.each<[string, Partial<CarrierInput>, string]>([
    [
      'a vermagic that forges a field',
      { load: { ...load, vermagic: '6.12\0license=MIT' } },
      'carrier-modinfo',
    ],
    ['a vermagic with a line break', { load: { ...load, vermagic: '6.12\n' } }, 'carrier-modinfo'],
    ['a build ID that is no hexadecimal', { buildId: '../x' }, 'carrier-modinfo'],
    ['a base hash in capitals', { baseSha256: 'AB' }, 'carrier-modinfo'],
    ['a name with a slash', { name: 'a/b' }, 'carrier-name'],
    ['a name that no module can have', { name: 'a'.repeat(56) }, 'carrier-name'],
    ['a struct module without room for its name', { load: tight }, 'carrier-struct-module'],
    [
      'a machine of unknown wishes',
      { load, target: { ...input.target, machine: 0 } },
      'carrier-machine',
    ],
    ['an extra without a name', { extras: [{ name: '', bytes: vars }] }, 'carrier-name'],
    [
      'inlines under the name that would stand on its own BTF',
      { btf, extras: [{ name: 'inline', bytes: vars }] },
      'carrier-inline',
    ],
  ])('is refused with %s', (_, change, code) => {
    expect(codeOf(() => carrier({ ...input, ...change }))).toBe(code);
  });
});

describe('a carrier that loads', () => {
  const elf = readElf(bytesSource(carrier({ ...input, btf, load, name: 'named' })));
  const bytesOf = (name: string): Buffer => {
    const section = elf.section(name);
    return Buffer.from(section ? elf.bytes(section) : []);
  };

  it('is a struct module with nothing but its name', () => {
    const self = bytesOf('.gnu.linkonce.this_module');
    expect(self).toHaveLength(1280);
    expect(self.toString('latin1', 24, 30)).toBe('named\0');
    expect(self.fill(0, 24, 29).every((byte) => byte === 0)).toBe(true);
    const { flags, align } = elf.section('.gnu.linkonce.this_module') ?? {};
    expect([flags, align]).toEqual([SectionFlag.ALLOC | SectionFlag.WRITE, 64]);
  });

  it('says with which CRC it was built', () => {
    const versions = bytesOf('__versions');
    expect(versions).toHaveLength(64);
    expect(versions.readBigUInt64LE(0)).toBe(0x2f9b1a5an);
    expect(versions.toString('latin1', 8, 22)).toBe('module_layout\0');
  });

  it('says so for 32 bits and in the extended form', () => {
    const target = { class: 32, endian: 'little', machine: Machine.ARM } as const;
    const arm = readElf(
      bytesSource(carrier({ ...input, target, load: { ...load, extendedVersions: true } })),
    );
    const texts = ['__versions', '__version_ext_crcs', '__version_ext_names'].map((name) => {
      const section = arm.section(name);
      return Buffer.from(section ? arm.bytes(section) : []);
    });
    expect(texts[0]?.readUInt32LE(0)).toBe(0x2f9b1a5a);
    expect(texts[0]?.toString('latin1', 4, 17)).toBe('module_layout');
    expect(texts[1]?.readUInt32LE(0)).toBe(0x2f9b1a5a);
    expect(texts[2]?.toString('latin1')).toBe('module_layout\0');
    expect(arm.header.flags).toBe(0x05000000);
  });

  it.each([
    [Machine.X86_64, []],
    [
      Machine.AARCH64,
      ['.plt', '.init.plt', '.text.ftrace_trampoline', '.init.text.ftrace_trampoline'],
    ],
    [Machine.RISCV, ['.plt', '.got', '.got.plt']],
    [Machine.PPC64, ['.stubs', '.ftrace.tramp', '.mygot']],
    [Machine.S390, []],
    [Machine.LOONGARCH, ['.got', '.plt', '.plt.idx', '.ftrace_trampoline']],
  ])('has what the loader of machine %i looks for', (machine, names) => {
    const target = {
      class: 64,
      endian: machine === Machine.S390 ? 'big' : 'little',
      machine,
    } as const;
    const one = readElf(bytesSource(carrier({ ...input, target, load })));
    const made =
      machine === Machine.PPC64
        ? { type: SectionType.NOBITS, align: 8, size: 0 }
        : { type: SectionType.PROGBITS, align: 1, size: 1 };
    for (const name of names) expect(one.section(name)).toMatchObject(made);
    expect(one.sections).toHaveLength(names.length + 8);
  });

  it('has the sections of a real module where there is one', () => {
    const placeholders = [{ name: '.toc', flags: SectionFlag.ALLOC }];
    const target = { class: 64, endian: 'big', machine: Machine.PPC64 } as const;
    const facts = { ...load, placeholders, elfFlags: 1, osabi: 3 };
    const one = readElf(bytesSource(carrier({ ...input, target, load: facts })));
    expect(one.section('.toc')).toBeDefined();
    expect(one.section('.stubs')).toBeUndefined();
    expect(one.header).toMatchObject({ flags: 1, osabi: 3 });
  });
});

describe('the target', () => {
  it('is found by the names that the ELF library gives', () => {
    expect(carrierTarget({ arch: 'x86_64', bits: 64, endian: 'little' }).machine).toBe(62);
    expect(carrierTarget({ arch: 's390x', bits: 64, endian: 'big' })).toEqual({
      class: 64,
      endian: 'big',
      machine: Machine.S390,
    });
    expect(carrierTarget({ arch: 'arm', bits: 32, endian: 'little' }).machine).toBe(Machine.ARM);
  });

  it('has no machine where the architecture is not known', () => {
    expect(carrierTarget({ endian: 'big' })).toEqual({ class: 64, endian: 'big', machine: 0 });
    expect(carrierTarget({ arch: 'vax', endian: 'little' }).machine).toBe(0);
  });
});

describe('reading', () => {
  it('refuses an ELF file that is no module', () => {
    const bytes = carrier(input);
    const at = Buffer.from(bytes).indexOf('.modinfo');
    bytes[at] = 0x5f;
    expect(codeOf(() => readCarrier(bytes))).toBe('carrier-none');
  });

  it('passes over padding and strings that are no fields', () => {
    const bytes = new TextEncoder().encode('\0\0a=1\0junk\0=2\0alias=x=y\0');
    expect(readModinfo(bytes)).toEqual([
      { key: 'a', value: '1' },
      { key: 'alias', value: 'x=y' },
    ]);
  });

  it('gives contents or a FormatError for damaged bytes', () => {
    const whole = carrier({ ...input, btf, load });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) bytes[at] = value;
        expect(codeOf(() => readCarrier(bytes)) ?? 'elf-').toMatch(/^(?:elf|carrier|source)-/);
      }),
      { numRuns: 2000 },
    );
  });
});
