import { parseBtf } from '@btf-depot/btf';
import { linkFor } from '@btf-depot/carrier';
import { linkRecord, withSection } from '@btf-depot/carrier/testing';
import type { KernelRecord } from '@btf-depot/contracts';
import { packInput, plainArtifacts } from '@btf-depot/depot';
import { SectionType } from '@btf-depot/elf';
import { executable, type ExecutableSection } from '@btf-depot/elf/testing';
import {
  buildIdNote,
  buildIdOf,
  coreModule,
  kernelBtf,
  loadableKernel,
  sha256Of,
} from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { sendRefused } from '../testing/send-refused.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

/** The files of a build with CONFIG_DEBUG_INFO_BTF=m. */
function built(seed: string) {
  const buildId = buildIdOf(seed);
  const { vmlinux: unstripped, full } = loadableKernel(buildId, { core: 'unstripped' });
  const { vmlinux: stripped } = loadableKernel(buildId, { core: 'stripped' });
  const { vmlinux: builtin } = loadableKernel(buildId);
  return { buildId, unstripped, stripped, builtin, full, carrier: coreModule() };
}

type Built = ReturnType<typeof built>;
type Files = Partial<Record<'kernel' | 'full' | 'carrier', Uint8Array>>;

const FILE = 'btf_vmlinux.ko';

async function published(buildId: string) {
  const record = await ingest.record(buildId);
  if (!record) throw new Error('no record');
  const plain = plainArtifacts(await packInput(ingest.blobs, record));
  return { record, files: new Map(plain.map(({ name, bytes }) => [name, bytes])) };
}

describe('a kernel whose core a module brings', () => {
  test('has the core of vmlinux.unstripped verbatim, and extras on it', async () => {
    const { buildId, unstripped, full } = built('unstripped');
    expect(await sendParts(ingest.url, { kernel: unstripped, full })).toMatchObject({
      status: 201,
    });
    const { record, files } = await published(buildId);
    expect(record).toMatchObject({ delivery: 'module', core: { origin: 'verbatim' } });
    const core = files.get('vmlinux.btf') ?? new Uint8Array();
    const link = linkFor(record.carrier?.links ?? [], '.BTF');
    expect(link).toEqual({ module: 'btf_vmlinux', sha256: sha256Of(core), size: core.length });
    expect(record.parts.vars).toMatchObject({ variables: 3, baseSha256: sha256Of(core) });
    expect(record.parts.ksyms).toMatchObject({ variables: 1 });
    const vars = files.get('vmlinux.vars.btf') ?? new Uint8Array();
    expect(parseBtf(vars, { base: parseBtf(core) }).typeCount).toBeGreaterThan(3);
    expect([...files.keys()]).toContain('btf_vmlinux_ksyms.ko');
  });

  test('publishes the module of its build byte for byte, extras beside it', async () => {
    const { buildId, unstripped, full, carrier } = built('with its module');
    await sendParts(ingest.url, { kernel: unstripped, carrier });
    // Variables come later, and the module has none of them.
    await sendParts(ingest.url, { full }, `?buildId=${buildId}`);
    const { record, files } = await published(buildId);
    expect(record.carrier?.given).toMatchObject({ [FILE]: { sha256: sha256Of(carrier) } });
    expect(files.get(FILE)).toEqual(carrier);
    expect(record.parts.vars).toMatchObject({ variables: 3 });
    expect([...files.keys()]).toContain('btf_vmlinux_ksyms.ko');
  });
});

describe('of one build, in every order, by themselves and together, twice, there comes one record:', () => {
  const orders: [what: string, uploads: (files: Built) => Files[]][] = [
    ['all at once', ({ unstripped, full, carrier }) => [{ kernel: unstripped, full, carrier }]],
    [
      'unstripped, variables, module',
      ({ unstripped, full, carrier }) => [{ kernel: unstripped }, { full }, { carrier }],
    ],
    [
      'unstripped, module, variables',
      ({ unstripped, full, carrier }) => [{ kernel: unstripped }, { carrier }, { full }],
    ],
    [
      'stripped with its module, variables, unstripped',
      (of) => [
        { kernel: of.stripped, carrier: of.carrier },
        { full: of.full },
        { kernel: of.unstripped },
      ],
    ],
    [
      'stripped with both, unstripped',
      (of) => [
        { kernel: of.stripped, carrier: of.carrier, full: of.full },
        { kernel: of.unstripped },
      ],
    ],
  ];
  const seen: unknown[] = [];

  test.each(orders)('%s', async (what, uploads) => {
    const files = built(what);
    for (let times = 0; times < 2; times++) {
      for (const parts of uploads(files)) {
        const query = `?buildId=${files.buildId}`;
        const { status, body } = await sendParts(ingest.url, { ...parts }, query);
        expect([200, 201], JSON.stringify(body)).toContain(status);
      }
    }
    const { record, files: made } = await published(files.buildId);
    seen.push({ facts: factsOf(record), files: [...made].map(comparable) });
    expect(seen.at(-1)).toEqual(seen[0]);
  });

  /** What the order may change: who sent what when, and the sections that `layout` knows. */
  function factsOf({
    sources: _sources,
    revision: _revision,
    uploadedAt: _at,
    ...facts
  }: KernelRecord) {
    const ksyms = { ...facts.parts.ksyms, layout: undefined };
    return { ...facts, buildId: '', parts: { ...facts.parts, ksyms } };
  }

  /** Carriers that are made here name the kernel. */
  function comparable([name, bytes]: [string, Uint8Array]) {
    return name.endsWith('.ko') && name !== FILE ? name : [name, sha256Of(bytes)];
  }
});

describe('is refused, and nothing is left behind:', () => {
  test('a stripped kernel beside another module than it names', async () => {
    const { stripped } = built('other module');
    const carrier = coreModule(kernelBtf());
    await sendRefused(
      ingest,
      [{ kernel: stripped, carrier }],
      [
        422,
        'foreign-carrier',
        /its \.BTF has SHA-256 \w+ and \d+ bytes; \.BTF\.link of the kernel names/,
      ],
    );
  });

  test('another module of that name for a kernel that is known', async () => {
    const { buildId, unstripped } = built('known');
    await sendParts(ingest.url, { kernel: unstripped });
    await sendRefused(
      ingest,
      [{ carrier: coreModule(kernelBtf()) }, `?buildId=${buildId}`],
      [422, 'foreign-carrier', /\.BTF\.link of the kernel names/],
    );
  });

  test('core that is loaded although a module brings it, and core that is not what it names', async () => {
    const btf = kernelBtf();
    const kernel = (core: ExecutableSection, data: Uint8Array) =>
      executable({
        sections: [
          {
            name: '.notes',
            type: SectionType.NOTE,
            bytes: buildIdNote(buildIdOf('contradiction'), 'little'),
          },
          core,
          { name: '.BTF.link', bytes: linkRecord({ module: 'btf_vmlinux', data }) },
        ],
      });
    const other = btf.slice();
    other[btf.length - 2] ^= 1;
    for (const [core, data, detail] of [
      [{ name: '.BTF', bytes: btf }, btf, /\.BTF\.link: .*in memory.*link-beside-core/],
      [{ name: '.BTF', flags: 0, bytes: btf }, other, /\.BTF\.link\+0x38: .*link-sha256/],
      [{ name: '.BTF', flags: 0, bytes: btf }, btf.subarray(4), /\.BTF\.link\+0x58: .*link-bytes/],
    ] as const) {
      await sendRefused(ingest, [{ kernel: kernel(core, data) }], [422, 'bad-elf', detail]);
    }
  });

  test('a module that the kernel names, and that holds more than BTF, by itself', async () => {
    const { buildId, unstripped, carrier } = built('more');
    await sendParts(ingest.url, { kernel: unstripped });
    const bytes = Buffer.alloc(64, 'anything');
    const worse = withSection(carrier, { name: '.init.text', flags: 6, bytes });
    await sendRefused(
      ingest,
      [{ carrier: worse }, `?buildId=${buildId}`],
      [422, 'unsafe-carrier', /\.init\.text/],
    );
  });

  test('a module of a kernel that the depot does not know', async () => {
    await sendRefused(
      ingest,
      [{ carrier: coreModule() }, `?buildId=${buildIdOf('unknown')}`],
      [422, 'no-core'],
    );
  });
});
