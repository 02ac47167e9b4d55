import { bytesSource } from '@btf-depot/bytes';
import { gzipSync } from 'node:zlib';
import { carrier, judgeCarrier, type CarrierInput } from '@btf-depot/carrier';
import { emptyModule, linkRecord, withSection } from '@btf-depot/carrier/testing';
import { packInput, plainArtifacts, splitKernel } from '@btf-depot/depot';
import { readElf, SectionFlag } from '@btf-depot/elf';
import { buildIdOf, inlinedKernel, sha256Of } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { sendRefused } from '../testing/send-refused.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

const FILE = 'btf_vmlinux_inline.ko';

/** A kernel, what the depot finds in it, and the module of inlined calls as we would make it. */
function built(seed: string) {
  const buildId = buildIdOf(seed);
  const { vmlinux: kernel } = inlinedKernel(buildId);
  const { core, inlines } = splitKernel(
    { kernel: bytesSource(kernel) },
    { extras: ['vars', 'inlines'] },
  );
  if (!inlines) throw new Error(seed);
  const input: CarrierInput = {
    name: 'btf_vmlinux_inline',
    buildId,
    baseSha256: core.sha256,
    target: { class: 64, endian: 'little', machine: 62 },
    load: { vermagic: '6.12.0-test SMP ', structModule: { size: 1280, nameOffset: 24 } },
    extras: [{ name: 'inline', bytes: inlines.bytes }],
  };
  const made = (change: Partial<CarrierInput> = {}) => carrier({ ...input, ...change });
  return { buildId, kernel, inlines: inlines.bytes, made };
}

/** As upstream's build makes it: nothing in it says which kernel it is for. */
function upstream(inline: Uint8Array): Uint8Array {
  return emptyModule({
    name: 'btf_vmlinux_inline',
    sections: [
      { name: '.BTF', align: 4, bytes: inlinedKernel(buildIdOf('own')).core },
      { name: '.BTF.inline', align: 4, bytes: inline },
    ],
  });
}

/** The same with an init function, as a C file with `module_init` has. */
function withInit(module: Uint8Array): Uint8Array {
  const flags = SectionFlag.ALLOC | SectionFlag.EXECINSTR;
  return withSection(module, { name: '.init.text', flags, bytes: Uint8Array.of(0x31, 0xc0, 0xc3) });
}

const linkTo = (data: Uint8Array) => linkRecord({ module: 'btf_vmlinux_inline', data });

const given = (bytes: Uint8Array) => ({
  given: { [FILE]: { sha256: sha256Of(bytes), size: bytes.length } },
});

describe('a module of inlined calls', () => {
  test('with what the depot has found is kept byte for byte, with its kernel or later', async () => {
    const { buildId, kernel, made } = built('found too');
    const file = made();
    expect(await sendParts(ingest.url, { kernel })).toMatchObject({ status: 201 });
    expect(await sendParts(ingest.url, { carrier: file })).toMatchObject({
      status: 201,
      body: { buildId, revision: 2 },
    });
    expect((await ingest.record(buildId))?.carrier).toMatchObject(given(file));
    expect(await sendParts(ingest.url, { kernel, carrier: file })).toMatchObject({ status: 200 });
  });

  test("of upstream's build, which the kernel names, brings them unchanged", async () => {
    const { buildId, inlines } = built('named');
    // Other bytes than what DWARF gives, as another encoder makes them: one more string.
    const theirs = withString(inlines);
    const { vmlinux: kernel } = inlinedKernel(buildId, { link: linkTo(theirs) });
    const file = upstream(theirs);
    expect(await sendParts(ingest.url, { kernel, carrier: file })).toMatchObject({ status: 201 });
    const record = await ingest.record(buildId);
    expect(record?.parts.inlines).toMatchObject({
      sha256: sha256Of(theirs),
      origin: 'kernel',
      sites: 3,
    });
    expect(record?.carrier).toMatchObject(given(file));
    // Neither what DWARF gives nor another upload takes them away.
    expect(await sendParts(ingest.url, { kernel })).toMatchObject({ status: 200 });
    expect((await ingest.record(buildId))?.parts.inlines).toEqual(record?.parts.inlines);
    expect(await sendParts(ingest.url, { carrier: file }, `?buildId=${buildId}`)).toMatchObject({
      status: 200,
    });
  });
});

test('one with an init function brings its calls, and is not published itself', async () => {
  const { buildId, inlines } = built('with an init function');
  const theirs = withString(inlines);
  const { vmlinux: kernel } = inlinedKernel(buildId, { link: linkTo(theirs) });
  const file = withInit(upstream(theirs));
  expect(await sendParts(ingest.url, { kernel, carrier: file })).toMatchObject({ status: 201 });
  const record = await ingest.record(buildId);
  expect(record?.parts.inlines).toMatchObject({ sha256: sha256Of(theirs), origin: 'kernel' });
  expect(record?.carrier).toMatchObject({
    refused: { [FILE]: { code: 'carrier-contents', why: '.init.text: it holds code' } },
  });
  expect(record?.carrier?.given).toBeUndefined();
  expect((await ingest.left()).blobs.join()).not.toContain(sha256Of(file));
  // The kernel takes its BTF in our module too: it is what the name is kept for.
  if (!record) throw new Error('no record');
  const packed = plainArtifacts(await packInput(ingest.blobs, record));
  const ours = packed.find(({ name }) => name === FILE);
  expect(ours && judgeCarrier(ours.bytes)).toMatchObject({ as: 'carrier' });
  // By itself it is refused: there is nothing more to take from it.
  await sendRefused(
    ingest,
    [{ carrier: gzipSync(file) }, `?buildId=${buildId}`],
    [422, 'unsafe-carrier', /\.init\.text/],
  );
});

describe('one that the kernel names is not published, though its calls are taken, with', () => {
  const bytes = Buffer.alloc(65536, 'anything');
  const { ALLOC } = SectionFlag;
  const cases: [what: string, worsen: (module: Uint8Array) => Uint8Array, code: string][] = [
    [
      'any bytes that are loaded under a name of BTF',
      (module) => withSection(module, { name: '.BTF.more', flags: ALLOC, bytes }),
      'carrier-section',
    ],
    [
      'any bytes in the place of its base',
      (module) => withSection(module, { name: '.BTF.base', bytes }),
      'btf-magic',
    ],
    [
      'text that names no compiler',
      (module) => withSection(module, { name: '.comment', bytes: Buffer.from('#!/bin/sh\n') }),
      'carrier-contents',
    ],
    [
      'an alignment by which a kernel misjudges its size',
      (module) => {
        const worse = Buffer.from(module);
        const { header, sections } = readElf(bytesSource(module));
        const note = sections.findIndex(({ name }) => name === '.note.GNU-stack');
        worse.writeBigUInt64LE(2n ** 32n, header.sectionOffset + note * 64 + 48);
        return worse;
      },
      'carrier-layout',
    ],
  ];

  test.each(cases)('%s', async (what, worsen, code) => {
    const { buildId, inlines } = built(what);
    const theirs = withString(inlines);
    const { vmlinux: kernel } = inlinedKernel(buildId, { link: linkTo(theirs) });
    const file = worsen(upstream(theirs));
    expect(await sendParts(ingest.url, { kernel, carrier: file })).toMatchObject({ status: 201 });
    const record = await ingest.record(buildId);
    expect(record?.parts.inlines).toMatchObject({ sha256: sha256Of(theirs), origin: 'kernel' });
    expect(record?.carrier).toMatchObject({ refused: { [FILE]: { code } } });
    expect(record?.carrier?.given).toBeUndefined();
    expect((await ingest.left()).blobs.join()).not.toContain(sha256Of(file));
  });
});

test('BTF that the kernel does not name has no place beside what it names', async () => {
  const { buildId, inlines } = built('beside');
  const { vmlinux: kernel } = inlinedKernel(buildId, { link: linkTo(inlines) });
  const file = withSection(upstream(inlines), { name: '.BTF.inlines', bytes: inlines });
  await sendParts(ingest.url, { kernel });
  await sendRefused(
    ingest,
    [{ kernel, carrier: file }],
    [422, 'foreign-carrier', /the depot has no \.BTF\.inlines of this kernel/],
  );
});

describe('is refused, and nothing is left behind:', () => {
  const { buildId, kernel, inlines, made } = built('refused');
  const cases: [what: string, file: Uint8Array, detail: RegExp][] = [
    ['for another build ID', made({ buildId: buildIdOf('other') }), /build ID/],
    ['on another core', made({ baseSha256: '00'.repeat(32) }), /base/],
    ['without inlined calls', made({ extras: [] }), /it has no \.BTF\.inline/],
    [
      'with other inlined calls',
      made({ extras: [{ name: 'inline', bytes: withString(inlines) }] }),
      /the depot has other bytes for its \.BTF\.inline/,
    ],
    ["as upstream's, where the kernel names none", upstream(inlines), /build ID none/],
  ];

  test.each(cases)('%s', async (_, file, detail) => {
    await sendParts(ingest.url, { kernel });
    const upload = [{ carrier: file }, `?buildId=${buildId}`] as const;
    await sendRefused(ingest, upload, [422, 'foreign-carrier', detail]);
  });

  test('where the kernel names other bytes', async () => {
    const other = buildIdOf('names others');
    const { vmlinux } = inlinedKernel(other, { link: linkTo(Uint8Array.of(1)) });
    const upload = [{ kernel: vmlinux, carrier: upstream(inlines) }] as const;
    await sendRefused(ingest, upload, [422, 'foreign-carrier']);
  });

  test('where they are no BTF on the core of the kernel', async () => {
    const broken = inlines.slice(0, 30);
    const other = buildIdOf('broken');
    const { vmlinux } = inlinedKernel(other, { link: linkTo(broken) });
    const upload = [{ kernel: vmlinux, carrier: upstream(broken) }] as const;
    await sendRefused(ingest, upload, [422, 'bad-btf']);
  });
});

/** The same BTF with a string more at its end, which no type has. */
function withString(btf: Uint8Array): Uint8Array {
  const more = Buffer.concat([btf, Buffer.from('more\0')]);
  const stringLength = more.readUInt32LE(20);
  more.writeUInt32LE(stringLength + 5, 20);
  return more;
}
