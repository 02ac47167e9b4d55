import { parseBtf, verifyBtf } from '@btf-depot/btf';
import { writeRelocatable } from '@btf-depot/elf';
import { listVariables } from '@btf-depot/extras';
import { buildIdOf, kernelBtf, kernelFile, sha256Of, TEST_GLOBALS } from '@btf-depot/testing';
import { tarFile } from '@btf-depot/testing/packages';
import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

const banner = (release: string) =>
  Buffer.from(`Linux version ${release} (builder) #1 SMP\n\0`, 'latin1');

/** A kernel of a release, which its banner says. */
function vmlinux(seed: string, release: string, btf: Uint8Array | undefined = kernelBtf()) {
  return kernelFile({ buildId: buildIdOf(seed), btf, rodata: banner(release) });
}

function moduleOf(release: string): Uint8Array {
  const text = (value: string) => Buffer.from(value, 'latin1');
  return writeRelocatable({
    class: 64,
    endian: 'little',
    machine: 62,
    sections: [
      { name: '.modinfo', bytes: text(`name=loop\0vermagic=${release} SMP \0`) },
      {
        name: '.gnu.linkonce.this_module',
        bytes: Buffer.concat([Buffer.alloc(24), text('loop'), Buffer.alloc(100)]),
      },
    ],
  });
}

const send = (kernel: Uint8Array, query = '') => sendParts(ingest.url, { kernel }, query);

describe('an archive with kernels of several builds', () => {
  const archive = tarFile([
    { name: 'boot/vmlinux-6.9.0-rt', bytes: vmlinux('rt', '6.9.0-rt') },
    { name: 'lib/modules/6.9.0-toy/kernel/loop.ko', bytes: moduleOf('6.9.0-toy') },
    { name: 'lib/modules/6.9.0-toy/kernel/more.ko', bytes: moduleOf('6.9.0-toy') },
    { name: 'lib/modules/6.9.0-rt/kernel/loop.ko', bytes: moduleOf('6.9.0-rt') },
    { name: 'boot/vmlinux-6.9.0-toy', bytes: vmlinux('toy', '6.9.0-toy') },
  ]);
  const result = (seed: string, status: number) => ({ buildId: buildIdOf(seed), status });

  test('gives each of them, with the modules of its own release', async () => {
    const { status, body } = await send(archive);
    expect(status).toBe(201);
    expect(body.results).toHaveLength(2);
    expect(body.results).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...result('toy', 201), name: 'boot/vmlinux-6.9.0-toy' }),
        expect.objectContaining(result('rt', 201)),
      ]),
    );
    for (const [seed, release] of [
      ['toy', '6.9.0-toy'],
      ['rt', '6.9.0-rt'],
    ] as const) {
      expect(await ingest.record(buildIdOf(seed))).toMatchObject({
        release,
        carrier: { vermagic: `${release} SMP ` },
      });
    }
  });

  test('says what was found, used, passed over, and missing', async () => {
    const { body } = await send(archive);
    const { found, used, passedOver, missing } = body.report as Record<string, object[]>;
    expect(found?.map((one) => 'kind' in one && one.kind)).toEqual([
      'elf',
      'elf',
      'module',
      'module',
    ]);
    expect(used).toContainEqual({
      part: 'kernel',
      as: 'module',
      kind: 'module',
      buildId: buildIdOf('rt'),
      name: 'lib/modules/6.9.0-rt/kernel/loop.ko',
    });
    expect(passedOver).toMatchObject([{ code: 'another-module', count: 1 }]);
    expect(missing).toMatchObject(
      ['vars', 'inlines', 'vars', 'inlines'].map((part) => ({ part, code: `no-${part}` })),
    );
  });

  test('changes nothing when it is sent again', async () => {
    const before = await ingest.record(buildIdOf('rt'));
    const { status, body } = await send(archive);
    expect(status).toBe(200);
    expect((body.results as { status: number }[]).map((one) => one.status)).toEqual([200, 200]);
    expect(await ingest.record(buildIdOf('rt'))).toEqual(before);
  });

  test('loses none of them by one that is refused', async () => {
    const broken = vmlinux('broken', '6.9.0-broken', Buffer.from('no BTF at all'));
    const mixed = tarFile([
      { name: 'boot/vmlinux-1', bytes: vmlinux('one', '6.9.1') },
      { name: 'boot/vmlinux-2', bytes: broken },
      { name: 'boot/vmlinux-3', bytes: vmlinux('bare', '6.9.3', undefined) },
      { name: 'boot/vmlinux-4', bytes: vmlinux('four', '6.9.4') },
    ]);
    const { status, body } = await send(mixed);
    expect(status).toBe(207);
    expect(body.results).toEqual(
      expect.arrayContaining([
        expect.objectContaining(result('one', 201)),
        expect.objectContaining(result('four', 201)),
        expect.objectContaining({ ...result('broken', 422), code: 'bad-btf' }),
      ]),
    );
    expect(await ingest.record(buildIdOf('one'))).toMatchObject({ state: 'compressing' });
    expect(await ingest.record(buildIdOf('broken'))).toBeUndefined();
  });

  test('names one that cannot be read among those that are refused', async () => {
    const whole = vmlinux('cut', '6.9.5');
    const mixed = tarFile([
      { name: 'boot/vmlinux-1', bytes: vmlinux('one', '6.9.1') },
      { name: 'boot/vmlinux-5', bytes: whole.subarray(0, whole.length - 100) },
    ]);
    const { status, body } = await send(mixed);
    expect(status).toBe(207);
    expect(body.results).toMatchObject([
      { buildId: buildIdOf('one') },
      { name: 'boot/vmlinux-5', status: 422, code: 'bad-elf' },
    ]);
  });

  test('is a problem answer if every one is refused', async () => {
    const refused = (name: string) => ({
      name: `boot/vmlinux-${name}`,
      bytes: vmlinux(name, '6.9.9', Buffer.from(name)),
    });
    const { status, body } = await send(tarFile([refused('x1'), refused('x2')]));
    expect([status, body.code]).toEqual([422, 'bad-btf']);
    expect(body.results).toMatchObject([{ code: 'bad-btf' }, { code: 'bad-btf' }]);
  });

  test('keeps to what is asked of one kernel', async () => {
    const beside = await sendParts(ingest.url, {
      kernel: archive,
      full: kernelBtf({ globals: true }),
    });
    expect([beside.status, beside.body.code]).toEqual([400, 'bad-multipart']);
    const { status, body } = await send(archive, `?buildId=${buildIdOf('rt')}`);
    expect(status).toBe(207);
    expect(body.results).toEqual(
      expect.arrayContaining([
        expect.objectContaining(result('rt', 200)),
        expect.objectContaining({ ...result('toy', 400), code: 'bad-query' }),
      ]),
    );
  });
});

describe('BTF beside a kernel, in one archive,', () => {
  const send2 = (seed: string, kernel: Uint8Array, btf: Uint8Array) =>
    send(
      tarFile([
        { name: `${seed}/vmlinux`, bytes: kernel },
        { name: `${seed}/vmlinux.btf`, bytes: btf },
      ]),
    );
  const full = kernelBtf({ globals: true });

  test('is its full BTF if it has variables', async () => {
    const { status, body } = await send2('full', vmlinux('full', '6.9'), full);
    expect(status).toBe(201);
    expect(body.report).toMatchObject({
      parts: { vars: { variables: TEST_GLOBALS.length } },
      used: [{ as: 'kernel' }, { as: 'full', name: 'full/vmlinux.btf' }],
    });
  });

  test('is the core of a kernel that has none', async () => {
    const { status } = await send2('core', vmlinux('core', '6.9', undefined), full);
    expect(status).toBe(201);
  });

  test('is passed over if it has no variables, or is of another kernel', async () => {
    const without = await send2('without', vmlinux('without', '6.9'), kernelBtf());
    expect(without.status).toBe(201);
    expect(without.body.report).toMatchObject({
      passedOver: [{ code: 'btf-beside-kernel', name: 'without/vmlinux.btf' }],
    });
    const foreign = kernelBtf({ globals: true, name: 'another_struct' });
    const other = await send2('other', vmlinux('other', '6.9'), foreign);
    expect(other).toMatchObject({
      status: 201,
      body: { report: { passedOver: [{ code: 'foreign-full' }] } },
    });
  });
});

test('a kernel that is ready with no variables says why', async () => {
  const { body } = await send(vmlinux('poor', '6.9'));
  const missing = { part: 'vars', code: 'no-debug-information', buildId: buildIdOf('poor') };
  expect(body.report).toMatchObject({
    missing: [missing, { part: 'inlines', code: 'no-inlines', buildId: buildIdOf('poor') }],
  });
  expect((await send(vmlinux('poor', '6.9'))).body.report).toMatchObject({
    missing: [{ code: 'no-vars' }, { code: 'no-inlines' }],
  });
});

test('BTF with variables is the full BTF of a kernel whose core is known, however it came', async () => {
  const buildId = buildIdOf('core first');
  expect((await send(kernelBtf(), `?buildId=${buildId}`)).status).toBe(201);
  const before = await ingest.record(buildId);
  expect(before).toMatchObject({ delivery: 'module', core: { origin: 'verbatim' } });
  const full = kernelBtf({ globals: true });
  expect((await send(full, `?buildId=${buildId}`)).status).toBe(201);
  expect(await ingest.record(buildId)).toMatchObject({
    core: before?.core,
    parts: { vars: { variables: TEST_GLOBALS.length, origin: 'full' } },
  });
});

describe('variables that came before the kernel with its own BTF', () => {
  // Core of a full BTF has types that the kernel's own has not.
  const full = kernelBtf({ globals: true, name: 'early_struct', ballast: 5 });
  const core = kernelBtf({ name: 'early_struct', ballast: 3 });

  test.each([
    ['a full BTF', (buildId: string) => send(full, `?buildId=${buildId}`)],
    [
      'a full BTF beside a kernel without',
      (buildId: string) =>
        sendParts(ingest.url, { kernel: kernelFile({ buildId, btf: undefined }), full }),
    ],
  ])('stay with it: %s', async (name, sendEarly) => {
    const buildId = buildIdOf(name);
    expect((await sendEarly(buildId)).status).toBe(201);
    const before = await ingest.record(buildId);
    expect(before).toMatchObject({ delivery: 'module', core: { origin: 'partition' } });
    expect(before?.core.sha256).not.toBe(sha256Of(core));
    const { body } = await send(kernelFile({ buildId, btf: core }));
    expect(body.report).toMatchObject({ missing: [{ part: 'inlines' }] });
    const record = await ingest.record(buildId);
    expect(record).toMatchObject({
      delivery: 'builtin',
      core: { sha256: sha256Of(core), origin: 'verbatim' },
      parts: {
        vars: {
          variables: TEST_GLOBALS.length,
          origin: 'full',
          baseSha256: sha256Of(core),
        },
      },
    });
    const base = parseBtf(core);
    const bytes = await ingest.blobs.get(record?.parts.vars?.sha256 ?? '');
    assert(bytes);
    const vars = parseBtf(bytes, { base });
    expect(verifyBtf(bytes, { base })).toEqual([]);
    expect(listVariables(vars).map((variable) => variable.name)).toEqual(
      expect.arrayContaining(TEST_GLOBALS),
    );
  });

  test('are left if they are of another kernel', async () => {
    const buildId = buildIdOf('early and foreign');
    const foreign = kernelBtf({ globals: true, name: 'foreign_struct' });
    expect((await send(foreign, `?buildId=${buildId}`)).status).toBe(201);
    const { status, body } = await send(kernelFile({ buildId, btf: core }));
    expect(status).toBe(201);
    expect(body.report).toMatchObject({ missing: [{ part: 'vars' }, { part: 'inlines' }] });
    expect((await ingest.record(buildId))?.parts).not.toHaveProperty('vars');
  });
});
