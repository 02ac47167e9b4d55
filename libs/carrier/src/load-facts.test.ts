import { bytesSource, FormatError } from '@btf-depot/bytes';
import {
  addArray,
  addComposite,
  addInt,
  BtfBuilder,
  Kind,
  parseBtf,
  type Btf,
} from '@btf-depot/btf';
import {
  Machine,
  readElf,
  SectionFlag,
  SectionIndex,
  SectionType,
  writeRelocatable,
  type Elf,
  type SectionInput,
} from '@btf-depot/elf';
import { executable, type ExecutableInput, type ExecutableSymbol } from '@btf-depot/elf/testing';
import { describe, expect, it } from 'vitest';
import { carrier, judgeCarrier, loadFacts } from './index.ts';

const RODATA = 0xffffffff82000000n;
const VERMAGIC = '6.12.117 SMP preempt mod_unload ';
const WITH_VERSIONS = `${VERMAGIC}modversions `;

interface ModuleLayout {
  readonly size: number;
  readonly nameOffset: number;
  readonly nameLength?: number;
}

function coreWith(...layouts: readonly ModuleLayout[]): Btf {
  const b = new BtfBuilder();
  const char = addInt(b, 'char', 1, 1);
  const index = addInt(b, '__ARRAY_SIZE_TYPE__', 4);
  for (const { size, nameOffset, nameLength = 56 } of layouts) {
    const name = addArray(b, char, index, nameLength);
    const members = [
      { name: 'state', type: index, bitOffset: 0 },
      { name: 'name', type: name, bitOffset: nameOffset * 8 },
    ];
    addComposite(b, Kind.STRUCT, 'module', size, members);
  }
  return parseBtf(b.finish());
}

const layout = { size: 1280, nameOffset: 24 };
const core = coreWith(layout);

function kernelOf(
  vermagic: string | undefined,
  more: readonly ExecutableSymbol[] = [],
  input: Partial<ExecutableInput> = {},
): Elf {
  const rodata = Buffer.alloc(1024);
  rodata.writeUInt32LE(0x2f9b1a5a, 0);
  if (vermagic !== undefined) rodata.write(vermagic, 16, 'latin1');
  const size = (vermagic?.length ?? 0) + 1;
  const symbols = [
    ...(vermagic === undefined ? [] : [{ name: 'vermagic', value: RODATA + 16n, size }]),
    ...more,
  ];
  const sections = [{ name: '.rodata', address: RODATA, bytes: rodata }];
  return readElf(bytesSource(executable({ sections, symbols, ...input })));
}

const crcByAddress = { name: '__crc_module_layout', value: RODATA };
const crcItself = {
  name: '__crc_module_layout',
  value: 0x11223344n,
  section: SectionIndex.ABS,
};

/** A module as the build would have made it; carriers are modules too. */
function moduleOf(vermagic: string, layoutCrc: number, structModule = layout): Elf {
  const target = { class: 64, endian: 'little', machine: Machine.AARCH64 } as const;
  const load = { vermagic, layoutCrc, structModule, extendedVersions: true };
  const input = { name: 'dummy', buildId: '00', baseSha256: '00', extras: [] };
  return readElf(bytesSource(carrier({ ...input, target, load })));
}

function selfOf(name: string): Uint8Array {
  const bytes = Buffer.alloc(layout.size);
  bytes.write(name, layout.nameOffset, 'latin1');
  return bytes;
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

describe('what makes a kernel load a module', () => {
  it('is found in vmlinux and its BTF', () => {
    const kernel = kernelOf(WITH_VERSIONS, [crcByAddress]);
    const facts = { vermagic: WITH_VERSIONS, layoutCrc: 0x2f9b1a5a, structModule: layout };
    expect(loadFacts({ core, kernel })).toEqual({ loadable: true, facts });
  });

  it('takes an absolute symbol for the CRC itself, as before Linux 5.19', () => {
    const found = loadFacts({ core, kernel: kernelOf(WITH_VERSIONS, [crcItself]) });
    expect(found).toMatchObject({ facts: { layoutCrc: 0x11223344 } });
  });

  it('needs no CRC without modversions', () => {
    const found = loadFacts({ core, kernel: kernelOf(VERMAGIC, [crcByAddress]) });
    expect(found).toEqual({ loadable: true, facts: { vermagic: VERMAGIC, structModule: layout } });
  });

  it('is found in a real module, with what its loader insists on', () => {
    const module = moduleOf(WITH_VERSIONS, 77);
    const found = loadFacts({ core, module });
    expect(found).toMatchObject({
      loadable: true,
      facts: {
        vermagic: WITH_VERSIONS,
        layoutCrc: 77,
        structModule: layout,
        extendedVersions: true,
      },
    });
    const { placeholders = [] } = found.loadable ? found.facts : {};
    expect(placeholders.map(({ name }) => name)).toContain('.text.ftrace_trampoline');
  });

  it.each([
    ['as the linker script writes it', { type: SectionType.PROGBITS, align: 1, size: 1 }, {}],
    ['empty', { type: SectionType.NOBITS, align: 8, size: 0 }, 'all'],
    ['aligned', { type: SectionType.PROGBITS, align: 64, size: 16 }, 'all'],
    ['larger than a loader can want', { type: SectionType.NOBITS, align: 8, size: 1 << 20 }, {}],
  ])('copies type, alignment and size of a placeholder that is %s', (_, made, said) => {
    const sections = [
      { name: '.modinfo', bytes: Buffer.from(`name=dummy\0vermagic=${VERMAGIC}\0`) },
      { name: '.gnu.linkonce.this_module', bytes: selfOf('dummy') },
      { ...made, name: '.stubs', flags: 6, bytes: new Uint8Array(made.size) },
    ];
    const target = { class: 64, endian: 'little', machine: Machine.PPC64 } as const;
    const module = readElf(bytesSource(writeRelocatable({ ...target, flags: 2, sections })));
    const found = loadFacts({ core, module });
    const { type, ...rest } = made;
    const whole = type === SectionType.NOBITS ? made : rest;
    const placeholders = [
      said === 'all' ? { ...whole, name: '.stubs', flags: 6 } : { name: '.stubs', flags: 6 },
    ];
    expect(found).toMatchObject({ loadable: true });
    expect(found.facts).toMatchObject({ vermagic: VERMAGIC, elfFlags: 2, placeholders });
    const input = { name: 'btf_vmlinux', buildId: '00', baseSha256: '00', extras: [], target };
    const bytes = carrier({ ...input, load: found.facts });
    const carried = readElf(bytesSource(bytes)).section('.stubs');
    const first = { type: SectionType.PROGBITS, align: 1, size: 1 };
    expect(carried).toMatchObject(said === 'all' ? made : first);
    expect(judgeCarrier(bytes)).toMatchObject({ as: 'carrier', writer: 1 });
  });

  it('is found in both where they agree', () => {
    const arm64 = { machine: Machine.AARCH64 };
    const kernel = kernelOf(WITH_VERSIONS, [crcByAddress], arm64);
    const found = loadFacts({ core, kernel, module: moduleOf(WITH_VERSIONS, 0x2f9b1a5a) });
    expect(found.loadable).toBe(true);
  });

  it('is a real module alone where BTF has no struct module, or a wrong one', () => {
    const module = moduleOf(`${WITH_VERSIONS}RANDSTRUCT_0011 `, 77, { size: 1344, nameOffset: 64 });
    const structModule = { size: 1344, nameOffset: 64 };
    expect(loadFacts({ core, module })).toMatchObject({ facts: { structModule } });
    const plain = moduleOf(WITH_VERSIONS, 77);
    expect(loadFacts({ core: coreWith(), module: plain })).toMatchObject({
      facts: { structModule: layout },
    });
  });
});

describe('of a module that claims more than a build makes, nothing is copied:', () => {
  const claiming = (more: readonly SectionInput[]) => {
    const sections = [
      { name: '.modinfo', bytes: Buffer.from(`name=dummy\0vermagic=${VERMAGIC}\0`) },
      { name: '.gnu.linkonce.this_module', bytes: selfOf('dummy') },
      ...more,
    ];
    const target = { class: 64, endian: 'little', machine: Machine.X86_64 } as const;
    return readElf(bytesSource(writeRelocatable({ ...target, sections })));
  };
  const plt = { name: '.plt', type: SectionType.NOBITS, flags: 6, bytes: new Uint8Array() };

  it.each<[string, SectionInput[]]>([
    ['a placeholder twice', [plt, plt]],
    ['one thousands of times', Array.from({ length: 5000 }, () => ({ ...plt, align: 4096 }))],
    ['one with flags that place it elsewhere', [{ ...plt, flags: 6 | SectionFlag.COMPRESSED }]],
  ])('%s', (_, more) => {
    expect(codeOf(() => loadFacts({ core, module: claiming(more) }))).toBe('carrier-module');
  });

  it('a machine that its kernel does not have', () => {
    const [kernel, module] = [kernelOf(WITH_VERSIONS, [crcByAddress]), moduleOf(WITH_VERSIONS, 1)];
    expect(() => loadFacts({ core, kernel, module })).toThrow(/machine 183, the kernel of .* 62/);
  });

  it('the remaining facts make a harmless carrier', () => {
    const found = loadFacts({ core, module: claiming([{ ...plt, align: 2 ** 20 }]) });
    const target = { class: 64, endian: 'little', machine: Machine.X86_64 } as const;
    const input = { buildId: '00', baseSha256: '00', extras: [], target };
    const bytes = carrier({ ...input, load: found.facts });
    expect(judgeCarrier(bytes)).toMatchObject({ as: 'carrier' });
  });
});

it.each([
  ['x86_64', Machine.X86_64, true],
  ['aarch64', Machine.AARCH64, true],
  ['ppc64le', Machine.PPC64, true],
  ['riscv64', Machine.RISCV, true],
  ['loongarch64', Machine.LOONGARCH, true],
  // Of machines that are known to load one, in the other byte order.
  ['ppc64', Machine.PPC64, false],
  ['aarch64_be', Machine.AARCH64, false],
])(
  'only kernels that are known to load a carrier count as loading one: %s',
  (arch, machine, loadable) => {
    const endian = loadable ? 'little' : 'big';
    const kernel = kernelOf(VERMAGIC, [], { machine, endian });
    expect(kernel.arch).toBe(arch);
    const found = loadFacts({ core, kernel });
    expect(found).toMatchObject({ loadable, facts: { vermagic: VERMAGIC } });
    expect('why' in found ? found.why : undefined).toBe(loadable ? undefined : 'not-tried');
  },
);

describe('a module that does not show where its name belongs', () => {
  const nameless = (vermagic: string) =>
    readElf(
      bytesSource(
        writeRelocatable({
          class: 64,
          endian: 'little',
          machine: Machine.AARCH64,
          sections: [
            { name: '.modinfo', bytes: Buffer.from(`vermagic=${vermagic}\0`) },
            { name: '.gnu.linkonce.this_module', bytes: new Uint8Array(1344) },
          ],
        }),
      ),
    );

  it.each([
    ['shuffled structs', 'randomised-structs', `${VERMAGIC}RANDSTRUCT_0011`, core],
    ['no struct module in BTF', 'no-struct-module', VERMAGIC, coreWith()],
  ])('makes nothing loadable: %s', (_, why, vermagic, base) => {
    const found = loadFacts({ core: base, module: nameless(vermagic) });
    expect(found).toMatchObject({ loadable: false, why });
  });
});

describe('no module loads', () => {
  it.each([
    ['no file of the kernel', 'no-kernel', undefined],
    ['no vermagic', 'no-vermagic', kernelOf(undefined)],
    ['modversions and no CRC', 'no-crc', kernelOf(WITH_VERSIONS)],
    ['shuffled structs', 'randomised-structs', kernelOf(`${VERMAGIC}RANDSTRUCT_00ff`)],
    ['an unknown machine', 'unknown-architecture', kernelOf(VERMAGIC, [], { machine: 15 })],
  ])('with %s', (_, why, kernel) => {
    expect(loadFacts({ core, kernel })).toMatchObject({ loadable: false, why });
  });

  it.each([
    ['no struct module', coreWith()],
    ['one with a short name', coreWith({ ...layout, nameLength: 20 })],
    ['two that differ', coreWith(layout, { ...layout, size: 1344 })],
    ['one that is too small', coreWith({ size: 72, nameOffset: 8 })],
    ['one that is too large', coreWith({ size: 1 << 20, nameOffset: 24 })],
    ['one whose name passes its end', coreWith({ size: 128, nameOffset: 96 })],
  ])('where BTF has %s', (_, broken) => {
    const found = loadFacts({ core: broken, kernel: kernelOf(VERMAGIC) });
    expect(found).toEqual({ loadable: false, why: 'no-struct-module', vermagic: VERMAGIC });
  });
});

describe('what is wrong is refused', () => {
  const kernel = kernelOf(WITH_VERSIONS, [crcByAddress]);

  it('a vermagic with control characters', () => {
    expect(codeOf(() => loadFacts({ core, kernel: kernelOf('6.12\nlicense=MIT ') }))).toBe(
      'carrier-vermagic',
    );
  });

  it.each([
    ['another release', moduleOf(`7${WITH_VERSIONS}`, 0x2f9b1a5a)],
    ['another CRC', moduleOf(WITH_VERSIONS, 1)],
    ['another struct module', moduleOf(WITH_VERSIONS, 0x2f9b1a5a, { size: 1344, nameOffset: 24 })],
    [
      'another place of the name',
      moduleOf(WITH_VERSIONS, 0x2f9b1a5a, { size: 1280, nameOffset: 32 }),
    ],
    ['no module at all', kernel],
  ])('a module of another build: %s', (_, module) => {
    expect(codeOf(() => loadFacts({ core, kernel, module }))).toBe('carrier-module');
  });
});
