import { createServer, request as forward } from 'node:http';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { buildIdOf, kernelBtf, kernelFile, loadableKernel } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { bzImageFile, debFile, tarFile } from '@btf-depot/testing/packages';
import { btfdepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';

interface Result {
  file: string;
  outcome?: string;
  status?: { buildId: string; revision: number; state: string };
  error?: { code?: string; message: string };
}

const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

const image = (seed: string) =>
  debFile({
    members: [
      { name: './boot/vmlinuz', bytes: bzImageFile(kernelFile({ buildId: buildIdOf(seed) })) },
    ],
  });

async function push(...args: string[]): Promise<{ code: number | null; results: Result[] }> {
  const { code, output } = await btfdepot(['push', '--json', '--url', depot.url, ...args], folder);
  return { code, results: JSON.parse(output) as Result[] };
}

test('every file of a folder that looks like a kernel is sent, once', async () => {
  await mkdir(join(folder, 'farm/deep'), { recursive: true });
  await writeFile(join(folder, 'farm/linux-image.deb'), image('one'));
  const other = kernelFile({ buildId: buildIdOf('two') });
  const tar = tarFile([{ name: 'boot/vmlinux-6.12', bytes: other }]);
  await writeFile(join(folder, 'farm/deep/build.tar.gz'), gzipSync(tar));
  await writeFile(join(folder, 'farm/tools.deb'), debFile({ members: [{ name: 'usr/bin/true' }] }));
  await writeFile(join(folder, 'farm/notes.txt'), 'nothing of ours');
  const first = await push('farm');
  expect(first.results.map(({ file, outcome, status }) => [file, outcome, status?.state])).toEqual([
    ['farm/deep/build.tar.gz', 'created', 'ready'],
    ['farm/linux-image.deb', 'created', 'ready'],
  ]);
  expect(first.code).toBe(0);
  const again = await push('farm');
  expect(again.results.map(({ outcome }) => outcome)).toEqual(['present', 'present']);
});

test('variables that come after the image meet it in one record', async () => {
  const buildId = buildIdOf('three');
  await writeFile(join(folder, 'image.deb'), image('three'));
  await writeFile(join(folder, 'full.btf'), kernelBtf({ globals: true }));
  await push('image.deb');
  const { code, results } = await push('full.btf', '--build-id', buildId);
  expect(results).toMatchObject([{ outcome: 'created', status: { buildId, revision: 2 } }]);
  expect(code).toBe(0);
  const again = await push('full.btf', '--build-id', buildId);
  expect(again.results).toMatchObject([{ outcome: 'present' }]);
});

test('a refusal is reported, and does not stop the others', async () => {
  await writeFile(join(folder, 'four.deb'), image('four'));
  await writeFile(join(folder, 'cut.deb'), image('five').subarray(0, -100));
  await writeFile(join(folder, 'text'), 'no kernel');
  const { code, results } = await push('cut.deb', 'text', 'four.deb');
  expect(code).toBe(1);
  expect(results).toMatchObject([
    { file: 'cut.deb', error: { code: 'bad-archive' } },
    { file: 'text', error: { code: 'unsupported-media' } },
    { file: 'four.deb', outcome: 'created' },
  ]);
});

test('a depot that answers only at the third time is asked three times', async () => {
  let asked = 0;
  // A proxy before the depot, unhealthy at first.
  const proxy = createServer((request, response) => {
    if (request.method === 'POST' && ++asked < 3) {
      response.writeHead(503, { connection: 'close' }).end('not now');
      return;
    }
    const { method, headers } = request;
    const onward = forward(`${depot.url}${request.url ?? ''}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as { port: number };
  try {
    await writeFile(join(folder, 'six.deb'), image('six'));
    const at = `http://127.0.0.1:${port}`;
    const { output } = await btfdepot(['push', '--url', at, 'six.deb'], folder);
    expect(output.match(/retrying in/g)).toHaveLength(2);
    expect(asked).toBe(3);
  } finally {
    proxy.close();
  }
});

test("a stripped kernel's System.map, and its build's carrier, are sent in their roles", async () => {
  const buildId = buildIdOf('stripped');
  const { vmlinux, full, map } = loadableKernel(buildId, { symbols: true });
  const whole = loadableKernel(buildId);
  await mkdir(join(folder, 'build'));
  const path = (name: string) => join(folder, 'build', name);
  await writeFile(path('vmlinux'), vmlinux);
  await writeFile(path('unstripped'), whole.vmlinux);
  await writeFile(path('full.btf'), full);
  await writeFile(path('System.map'), map);
  await push('build/vmlinux', '--full', 'build/full.btf');
  const symbols = await push('build/System.map', '--build-id', buildId);
  expect(symbols).toMatchObject({ code: 0, results: [{ outcome: 'created' }] });

  const made = ['--kernel', 'build/unstripped', '--full', 'build/full.btf'];
  await btfdepot(['carrier', ...made, '-o', 'build/btf_vmlinux.ko'], folder);
  const given = await push('build/btf_vmlinux.ko');
  expect(given).toMatchObject({ code: 0, results: [{ status: { buildId, state: 'ready' } }] });
  const response = await fetch(`${depot.url}/v1/kernels/${buildId}/btf_vmlinux.ko.gz`);
  const published = gunzipSync(new Uint8Array(await response.arrayBuffer()));
  expect(published.equals(await readFile(path('btf_vmlinux.ko')))).toBe(true);
  expect(await push('build/btf_vmlinux.ko')).toMatchObject({ results: [{ outcome: 'present' }] });

  const least = 'build/btf_vmlinux_ksyms.ko';
  await btfdepot(['carrier', ...made, '--least', '-o', least], folder);
  const both = await push('build/btf_vmlinux.ko', least);
  expect(both).toMatchObject({
    code: 0,
    results: [{ outcome: 'present' }, { status: { buildId, state: 'ready' } }],
  });
  const ksyms = await fetch(`${depot.url}/v1/kernels/${buildId}/btf_vmlinux_ksyms.ko.gz`);
  const small = gunzipSync(new Uint8Array(await ksyms.arrayBuffer()));
  expect(small.equals(await readFile(path('btf_vmlinux_ksyms.ko')))).toBe(true);
});
