import { bytesSource, FormatError } from '@btf-depot/bytes';
import { ElfType, Machine, readElf, SectionFlag, SectionType } from '@btf-depot/elf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carrier, carrierTarget, readCarrier, readModinfo, type CarrierInput } from './index.ts';

const core = Uint8Array.of(1, 2, 3, 4, 5);
const vars = Uint8Array.of(6, 7, 8);

const input: CarrierInput = {
  target: { class: 64, endian: 'little', machine: Machine.X86_64 },
  buildId: '7f76f39f00112233445566778899aabbccddeeff',
  baseSha256: '0123456789abcdef'.repeat(4),
  extras: [{ name: 'vars', bytes: vars }],
};

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
  const bytes = carrier({ ...input, target, core });
  const elf = readElf(bytesSource(bytes));

  it('is a relocatable file of that kind', () => {
    expect(elf.header).toMatchObject({ ...target, type: ElfType.REL });
    expect(elf.sections.map(({ name }) => name)).toEqual([
      ...['', '.modinfo', '.BTF', '.BTF.vars', '.symtab', '.strtab', '.shstrtab'],
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
    const vermagic = '6.12.117+deb12-cloud-amd64 SMP preempt mod_unload modversions ';
    const contents = readCarrier(carrier({ ...input, name: 'vmlinux.vars', vermagic }));
    expect(contents).toMatchObject({ name: 'vmlinux.vars', vermagic });
  });

  it('has the same bytes for the same input', () => {
    expect(carrier({ ...input, core })).toEqual(carrier({ ...input, core: core.slice() }));
  });

  it.each<[string, Partial<CarrierInput>, string]>([
    ['a vermagic that forges a field', { vermagic: '6.12\0license=MIT' }, 'carrier-modinfo'],
    ['a vermagic with a line break', { vermagic: '6.12\n' }, 'carrier-modinfo'],
    ['a build ID that is no hexadecimal', { buildId: '../x' }, 'carrier-modinfo'],
    ['a base hash in capitals', { baseSha256: 'AB' }, 'carrier-modinfo'],
    ['a name with a slash', { name: 'a/b' }, 'carrier-name'],
    ['a name that no module can have', { name: 'a'.repeat(56) }, 'carrier-name'],
    ['an extra without a name', { extras: [{ name: '', bytes: vars }] }, 'carrier-name'],
  ])('is refused with %s', (_, change, code) => {
    expect(codeOf(() => carrier({ ...input, ...change }))).toBe(code);
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
    const whole = carrier({ ...input, core });
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
