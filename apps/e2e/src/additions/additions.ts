import { before, type Addition } from './addition.ts';

/**
 * Made-up: the units of a kernel's DWARF, each as a declaration of a structure, `unit_1`. It has no
 * companion, and no routes of its own.
 */
const EXTRA: Addition = {
  what: 'an extra',
  files: {
    'libs/contracts/src/extras/units.ts': `
import { z } from 'zod';
import { BYTES, count, splitPart, type ExtraSpec } from './shapes.ts';

export const units = {
  label: 'units',
  counts: 'units',
  parts: {
    units: {
      schema: splitPart({ units: count, origin: z.literal('dwarf') }),
      artifact: { name: 'vmlinux.units.btf', mediaType: BYTES },
      sections: ['.BTF.units'],
      miss: { code: 'no-units', what: 'units' },
    },
  },
} as const satisfies ExtraSpec;
`,
    'libs/extras/src/units-pass.ts': `
import { BtfBuilder, Kind } from '@btf-depot/btf';
import type { PassInput, UnitPass } from './from-dwarf/unit-pass.ts';

export interface UnitsFromDwarf {
  readonly bytes: Uint8Array;
  readonly units: number;
}

export function unitsPass({ index }: PassInput): UnitPass<UnitsFromDwarf> {
  const builder = new BtfBuilder({ base: index.core });
  let units = 0;
  return {
    unit: () => {
      builder.add({ kind: Kind.FWD, name: builder.string(\`unit_\${++units}\`) });
    },
    finish: () => ({ bytes: builder.finish(), units }),
  };
}
`,
    'libs/depot/src/extras/units.ts': `
import { unitsPass, type UnitsFromDwarf } from '@btf-depot/extras';
import { sha256Of } from '../sha256.ts';
import type { SplitPart } from '../split/split-part.ts';
import type { ExtraWork } from './work.ts';

type UnitsPart = SplitPart & { units: number };

export const units: ExtraWork<'units', UnitsPart, UnitsFromDwarf> = {
  pass: () => unitsPass,
  find: (_, inDwarf) =>
    inDwarf && { ...inDwarf, sha256: sha256Of(inDwarf.bytes), types: inDwarf.units },
  entry: ({ bytes, sha256, types, units }, baseSha256) => ({
    ...{ sha256, size: bytes.length, types, units, origin: 'dwarf', baseSha256 },
  }),
  isNoWorse: (next, old) => next.units >= old.units,
  pinnedBy: [],
  stored: { units: ({ units }) => units },
};
`,
    'apps/catalogue/src/kernel/units-card.ts': `
import type { KernelRecord } from '@btf-depot/contracts';
import { bytes, counted } from '../format.ts';
import { card } from './card.ts';

export function unitsCard({ parts: { units } }: KernelRecord): HTMLElement[] {
  return [
    units
      ? card('Units', bytes(units.size), counted(units.units, 'unit'))
      : card('Units', '–', 'it came without'),
  ];
}
`,
  },
  lines: [
    {
      file: 'libs/contracts/src/problem.ts',
      table: 'PROBLEMS',
      edits: [
        before(
          "  'method-not-allowed': {",
          "  'no-units': { status: 404, title: 'This kernel came without units' },",
        ),
      ],
    },
    {
      file: 'libs/contracts/src/extras/index.ts',
      table: 'EXTRAS',
      edits: [
        before("import { vars } from './vars.ts';", "import { units } from './units.ts';"),
        ['define({ vars, inlines })', 'define({ vars, inlines, units })'],
      ],
    },
    {
      file: 'libs/extras/src/index.ts',
      table: 'exports',
      edits: [
        before(
          "export { type VariablesBtf } from './variables/variables-btf.ts';",
          "export { unitsPass, type UnitsFromDwarf } from './units-pass.ts';",
        ),
      ],
    },
    {
      file: 'libs/depot/src/extras/index.ts',
      table: 'WORK',
      edits: [
        before("import { vars } from './vars.ts';", "import { units } from './units.ts';"),
        ['const ALL = { vars, inlines };', 'const ALL = { vars, inlines, units };'],
      ],
    },
    {
      file: 'apps/catalogue/src/kernel/extra-cards.ts',
      table: 'CARDS',
      edits: [
        before("import { card } from './card.ts';", "import { unitsCard } from './units-card.ts';"),
        before('  vars(record) {', '  units: unitsCard,'),
      ],
    },
  ],
};

/** A module with only inlined calls, beside the one of upstream's name. */
const ARTIFACT: Addition = {
  what: 'an artifact',
  files: {},
  lines: [
    {
      file: 'libs/contracts/src/artifact.ts',
      table: 'CARRIERS',
      edits: [
        before(
          "  'btf_vmlinux_ksyms.ko': {",
          "  'btf_calls.ko': { module: 'btf_calls', holds: ['inlines'], needs: 'inlines' },",
        ),
      ],
    },
    {
      file: 'libs/depot/src/pack/make-carriers.ts',
      table: 'INSIDE',
      edits: [
        before(
          "  'btf_vmlinux_inline.ko': ({",
          "  'btf_calls.ko': ({ input: { inlines: bytes } }) =>\n" +
            "    bytes && { extras: [{ name: 'inlines', bytes }], linked: undefined },",
        ),
      ],
    },
    {
      file: 'libs/depot/src/split/given-carrier.ts',
      table: 'SECTIONS',
      edits: [
        before(
          "  'btf_vmlinux_inline.ko': ({",
          "  'btf_calls.ko': ({ parts: { inlines } }) => ({\n" +
            "    ours: { '.BTF.inlines': inlines?.sha256 },\n" +
            "    required: ['.BTF.inlines'],\n" +
            '  }),',
        ),
      ],
    },
    {
      file: 'apps/catalogue/src/kernel/artifacts.ts',
      table: 'ABOUT',
      edits: [before("  'btf_vmlinux_inline.ko': '", "  'btf_calls.ko': 'Carrier with calls',")],
    },
  ],
};

/** LZ4 with uncompressed blocks, which is valid and short. */
const COMPRESSED_FORM: Addition = {
  what: 'a compressed form of carriers',
  files: {
    'libs/codec/src/lz4/lz4.ts': `
import { Xxh32 } from './xxh32.ts';

export const LZ4_DEFAULTS = { level: 1 } as const;

const BLOCK = 4 * 1024 * 1024;

/** One frame of blocks that are stored. */
export function lz4(bytes: Uint8Array): Uint8Array {
  const head = Uint8Array.of(0x60, 0x70);
  const sum = (new Xxh32().update(head).digest() >> 8) & 0xff;
  const pieces = [Uint8Array.of(0x04, 0x22, 0x4d, 0x18, ...head, sum)];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.slice(at, at + BLOCK);
    pieces.push(word(block.length + 0x80000000), block);
  }
  return Buffer.concat([...pieces, word(0)]);
}

function word(value: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
`,
  },
  lines: [
    {
      file: 'libs/contracts/src/compressed-forms.ts',
      table: 'COMPRESSED_FORMS',
      edits: [
        before(
          "  xz: { mediaType: 'application/x-xz',",
          "  lz4: { mediaType: 'application/x-lz4', format: 'lz4', levels: [1, 12] },",
        ),
      ],
    },
    {
      file: 'libs/codec/src/index.ts',
      table: 'exports',
      edits: [
        before('export { xz, XZ_DEFAULTS,', "export { lz4, LZ4_DEFAULTS } from './lz4/lz4.ts';"),
      ],
    },
    {
      file: 'libs/depot/src/pack/compressors.ts',
      table: 'COMPRESSORS',
      edits: [
        [
          'import { gzip, GZIP_DEFAULTS, xz,',
          'import { gzip, GZIP_DEFAULTS, lz4, LZ4_DEFAULTS, xz,',
        ],
        before('  gz: { ...GZIP_DEFAULTS,', '  lz4: { ...LZ4_DEFAULTS, compress: lz4 },'),
      ],
    },
  ],
};

/**
 * A package that begins with `BOX1`; its members follow, each with the lengths of name and bytes.
 */
const PACKAGE_FORMAT: Addition = {
  what: 'a package, archive or boot image that is opened',
  files: {
    'libs/unpack/src/formats/box.ts': `
import { ByteReader } from '@btf-depot/bytes';
import { hasText, type StreamFormat } from '../format.ts';

export const box: StreamFormat = {
  kind: 'stream',
  name: 'box',
  fileName: /\\.box$/,
  begins: (head) => hasText(head, 0, 'BOX1'),
  async *members(reader) {
    await reader.read(4);
    while (!(await reader.isAtEnd())) {
      const lengths = new ByteReader(await reader.read(8), 'little', { code: 'box-corrupt' });
      const name = Buffer.from(await reader.read(lengths.u32())).toString();
      const size = lengths.u32();
      let left = size;
      async function* content() {
        for (; left > 0; left -= Math.min(left, 65536)) {
          yield await reader.read(Math.min(left, 65536));
        }
      }
      yield { name, size, isFile: true, content };
      for await (const _ of content()) continue;
    }
  },
};
`,
  },
  lines: [
    {
      file: 'libs/unpack/src/formats/index.ts',
      table: 'FORMATS',
      edits: [
        before("import { bzImage } from './bzimage.ts';", "import { box } from './box.ts';"),
        before('  bzimage: bzImage,', '  box,'),
      ],
    },
  ],
};

export const ADDITIONS: readonly Addition[] = [EXTRA, ARTIFACT, COMPRESSED_FORM, PACKAGE_FORMAT];
