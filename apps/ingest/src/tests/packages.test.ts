import { setImmediate } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { writeRelocatable } from '@btf-depot/elf';
import { buildIdOf, kernelBtf, kernelFile, loadableKernel, TEST_GLOBALS } from '@btf-depot/testing';
import { bzImageFile, debFile, rpmFile, tarFile } from '@btf-depot/testing/packages';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

async function send(files: Uint8Array | Record<string, Uint8Array>, query = '') {
  const form = new FormData();
  if (!(files instanceof Uint8Array)) {
    for (const [name, bytes] of Object.entries(files)) {
      form.append(name, new Blob([new Uint8Array(bytes)]), name);
    }
  }
  const body = files instanceof Uint8Array ? new Uint8Array(files) : form;
  const response = await fetch(`${ingest.url}/v1/kernels${query}`, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const vmlinux = (seed: string) => kernelFile({ buildId: buildIdOf(seed) });

function moduleFile(): Uint8Array {
  const text = (value: string) => Buffer.from(value, 'latin1');
  return writeRelocatable({
    class: 64,
    endian: 'little',
    machine: 62,
    sections: [
      { name: '.modinfo', bytes: text('name=loop\0vermagic=6.12.0-test SMP \0') },
      {
        name: '.gnu.linkonce.this_module',
        bytes: Buffer.concat([Buffer.alloc(24), text('loop'), Buffer.alloc(100)]),
      },
    ],
  });
}

describe('a kernel is taken in whatever it is wrapped:', () => {
  const wrapped: Record<string, (kernel: Uint8Array) => Uint8Array> = {
    'vmlinux.gz': gzipSync,
    vmlinuz: bzImageFile,
    'tar.zst': (kernel) => zstdCompressSync(tarFile([{ name: 'vmlinux', bytes: kernel }])),
    '.deb': (kernel) =>
      debFile({ members: [{ name: './boot/vmlinuz-6.12', bytes: bzImageFile(kernel) }] }),
    '.rpm': (kernel) =>
      rpmFile([{ name: './lib/modules/6.12/vmlinuz', bytes: bzImageFile(kernel) }]),
  };

  test.each(Object.entries(wrapped))('%s', async (what, wrap) => {
    const buildId = buildIdOf(what);
    const file = wrap(vmlinux(what));
    const staged = (await ingest.left()).staged;
    expect(await send(file)).toMatchObject({ status: 201, body: { buildId } });
    expect(await ingest.record(buildId)).toMatchObject({
      delivery: 'builtin',
      core: { origin: 'verbatim', size: kernelBtf().length },
      sources: [{ size: file.length, part: 'kernel', kind: 'elf' }],
    });
    expect((await ingest.left()).staged).toEqual(staged);
    expect((await send(file)).status).toBe(200);
  });

  test('the record names the package and its version', async () => {
    const members = [{ name: 'boot/vmlinuz', bytes: bzImageFile(vmlinux('named')) }];
    await send(debFile({ package: 'linux-image-x', version: '6.12.117-1~deb12u1', members }));
    expect((await ingest.record(buildIdOf('named')))?.sources).toMatchObject([
      { package: 'linux-image-x 6.12.117-1~deb12u1' },
    ]);
  });
});

describe('files of one build that come one after the other', () => {
  const buildId = buildIdOf('in parts');
  const image = debFile({
    members: [{ name: 'boot/vmlinuz', bytes: bzImageFile(vmlinux('in parts')) }],
  });
  const full = kernelBtf({ globals: true });

  test('variables before core are refused, with what to send first', async () => {
    for (const files of [{ full }, { module: moduleFile() }]) {
      const { status, body } = await send(files, `?buildId=${buildId}`);
      expect([status, body.code]).toEqual([422, 'no-core']);
      expect(body.detail).toContain('send its kernel');
    }
  });

  test('meet in one record', async () => {
    expect(await send(image)).toMatchObject({ status: 201, body: { revision: 1 } });
    const later = await send({ full: gzipSync(full) }, `?buildId=${buildId}`);
    expect(later).toMatchObject({ status: 201, body: { revision: 2 } });
    const record = await ingest.record(buildId);
    expect(record).toMatchObject({
      delivery: 'builtin',
      core: { origin: 'verbatim' },
      parts: { vars: { variables: TEST_GLOBALS.length, origin: 'full' } },
    });
    expect(record?.sources.map(({ part }) => part)).toEqual(['kernel', 'full']);
  });

  test('BTF by itself is the full BTF of a kernel that has another inside', async () => {
    const other = buildIdOf('raw full');
    await send(vmlinux('raw full'));
    expect((await send(full, `?buildId=${other}`)).status).toBe(201);
    expect(await ingest.record(other)).toMatchObject({
      delivery: 'builtin',
      parts: { vars: { origin: 'full' } },
    });
  });

  test('and an upload with less takes nothing away', async () => {
    const before = await ingest.record(buildId);
    expect((await send(image)).status).toBe(200);
    expect((await send(vmlinux('in parts'))).body).toMatchObject({ revision: 2 });
    expect((await ingest.record(buildId))?.parts).toEqual(before?.parts);
  });

  test('a module brings what makes the kernel load a carrier', async () => {
    expect((await ingest.record(buildId))?.carrier).toMatchObject({ loadable: false });
    const answer = await send({ module: zstdCompressSync(moduleFile()) }, `?buildId=${buildId}`);
    expect(answer).toMatchObject({ status: 201, body: { revision: 3 } });
    const record = await ingest.record(buildId);
    expect(record?.carrier).toMatchObject({ loadable: true, vermagic: '6.12.0-test SMP ' });
    expect(record?.parts).toHaveProperty('vars');
  });
});

describe('refused, and nothing is left behind:', () => {
  const kernel = vmlinux('refused');
  const image = bzImageFile(kernel);
  const deb = debFile({ members: [{ name: 'boot/vmlinuz', bytes: image }] });
  const zeros = new Uint8Array(100_000_000);
  const cases: [what: string, status: number, code: string, bytes: () => Uint8Array][] = [
    ['a zstd bomb', 413, 'too-large', () => zstdCompressSync(zeros)],
    [
      'a bomb inside a package',
      413,
      'too-large',
      () => debFile({ members: [{ name: 'x', bytes: zeros }] }),
    ],
    [
      'streams inside one another',
      413,
      'too-large',
      () => Array.from({ length: 30 }).reduce<Uint8Array>((bytes) => gzipSync(bytes), kernel),
    ],
    ['a .deb cut short', 422, 'bad-archive', () => deb.subarray(0, -50)],
    [
      'a .deb with a member above it',
      415,
      'unsupported-media',
      () => debFile({ members: [{ name: '../../boot/vmlinuz', bytes: image }] }),
    ],
    [
      'a .deb with a link',
      415,
      'unsupported-media',
      () => debFile({ members: [{ name: 'boot/vmlinuz', type: '2', link: '/etc/passwd' }] }),
    ],
    [
      'an .rpm with a link',
      415,
      'unsupported-media',
      () => rpmFile([{ name: 'boot/vmlinuz', type: '2' }]),
    ],
    [
      'a member that states more than there is',
      422,
      'bad-archive',
      () => tarFile([{ name: 'vmlinux', bytes: kernel, size: 2 ** 31 }]),
    ],
    ['a bzImage whose payload is cut', 422, 'bad-archive', () => image.subarray(0, 1100)],
    ['a package without a kernel', 415, 'unsupported-media', () => debFile({ members: [] })],
    [
      'a System.map alone',
      422,
      'no-build-id',
      () => Buffer.from('ffffffff81000000 T _text\n'.repeat(50)),
    ],
    ['a module alone', 422, 'no-build-id', moduleFile],
  ];

  test.each(cases)('%s (%i %s)', async (_what, status, code, bytes) => {
    const before = await ingest.left();
    const file = bytes();
    // While this thread made it, the service closed the idle connection: that is to be seen first.
    await setImmediate();
    expect(await send(file)).toMatchObject({ status, body: { code } });
    expect(await ingest.left()).toEqual(before);
  });

  test('multipart with thousands of parts', async () => {
    const before = await ingest.left();
    const many = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [`part${i}`, new Uint8Array(1)]),
    );
    expect(await send(many)).toMatchObject({ status: 400, body: { code: 'bad-multipart' } });
    expect(await ingest.left()).toEqual(before);
  });

  test.each([
    ['that is none', kernel, kernel, 415, 'unsupported-media'],
    [
      'of another build',
      loadableKernel(buildIdOf('other module')).vmlinux,
      moduleFile(),
      422,
      'foreign-module',
    ],
  ])('a module %s', async (_, vmlinux, module, status, code) => {
    const before = await ingest.left();
    expect(await send({ kernel: vmlinux, module })).toMatchObject({ status, body: { code } });
    expect(await ingest.left()).toEqual(before);
  });
});
