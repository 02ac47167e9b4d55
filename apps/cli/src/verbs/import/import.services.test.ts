import { createReadStream } from 'node:fs';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openFsStores } from '@btf-depot/blob-store';
import { startNginxOf, startPythonOf } from '@btf-depot/services';
import { buildIdOf, collect } from '@btf-depot/testing';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { debFile } from '@btf-depot/testing/packages';
import { btfdepot } from '@btf-depot/testing/processes';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { MadeArchive, madePackage, madeSpec, madeVmlinux } from '@btf-depot/upstreams/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiving } from '@btf-depot/services';

const kernels = Array.from({ length: 12 }, (_, at) => ({
  release: `6.12.${at + 1}-test-amd64`,
  buildId: buildIdOf(`imported ${at + 1}`),
}));
const [first] = kernels;
if (!first) throw new Error('no kernels');

let archive: MadeArchive;
const folder = folderOfEachTest();
const data = join(folder, 'data');

beforeAll(async () => {
  archive = new MadeArchive();
  for (const kernel of kernels) {
    archive.write(`pool/linux-image-${kernel.release}-dbg.deb`, madePackage(kernel));
  }
  for (let at = 1; at <= 28; at++) {
    const members = [{ name: './usr/bin/tool', bytes: Buffer.from('tool') }];
    archive.write(`pool/tool${at}.deb`, debFile({ package: `tool${at}`, version: '1', members }));
  }
  await archive.index();
});

afterAll(() => archive.remove());

interface Item {
  release: string;
  outcome: string;
  size: number;
  kernels: { buildId: string }[];
  error?: { code: string };
}

async function importFrom(...args: string[]) {
  const common = ['--data', data, '--work', join(folder, 'work'), '--keyring', archive.keyring];
  const { code, output } = await btfdepot(
    ['import', ...args, ...common, '--arch', 'amd64', '--json'],
    folder,
  );
  const at = output.search(/^\{/m);
  const json = (at < 0 ? {} : JSON.parse(output.slice(at))) as { items?: Item[] };
  return { code, output, items: json.items ?? [] };
}

const records = async () => {
  const stores = await openFsStores(data);
  const ids = await collect(stores.records.list());
  return Promise.all(ids.map(async ({ buildId }) => (await stores.records.get(buildId))?.record));
};

/** The archive behind a server that does harm. */
async function harmful(
  harm: (request: IncomingMessage, response: ServerResponse) => boolean | undefined,
) {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const { url = '', headers } = request;
    asked.push(`${url} ${headers.range ?? ''}`.trim());
    if (harm(request, response)) return;
    void serve(url, headers.range, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url, asked, close };
}

async function serve(url: string, range: string | undefined, response: ServerResponse) {
  const path = join(archive.path, url);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const start = Number(/\d+/.exec(range ?? '0')?.[0]);
  const headers: Record<string, string | number> = { 'Content-Length': found.size - start };
  if (start > 0) headers['Content-Range'] = `bytes ${start}-${found.size - 1}/${found.size}`;
  response.writeHead(start > 0 ? 206 : 200, headers);
  createReadStream(path, { start }).pipe(response);
}

test('of 40 packages the kernels are imported, once, and belong to the import', async () => {
  const server = await startNginxOf(archive.path);
  try {
    const source = [server.url, '--suite', 'stable'];
    const planned = await importFrom(...source, '--dry-run');
    expect(planned.items.map(({ outcome }) => outcome)).toEqual(kernels.map(() => 'planned'));
    expect(planned.items.map(({ release }) => release)).toEqual(kernels.map((one) => one.release));
    const done = await importFrom(...source);
    expect(done.code).toBe(0);
    expect(done.items.map(({ outcome }) => outcome)).toEqual(kernels.map(() => 'imported'));
    expect(done.items.map(({ kernels: [one] }) => one?.buildId)).toEqual(
      kernels.map(({ buildId }) => buildId),
    );
    const again = await importFrom(...source);
    expect(again.items.map(({ outcome }) => outcome)).toEqual(kernels.map(() => 'present'));
    const principal = `import:${new URL(server.url).host}`;
    for (const record of await records()) {
      expect(record).toMatchObject({ state: 'ready', owner: { principal, rank: 'import' } });
      expect(record?.distro).toBe('debian');
    }
  } finally {
    await server.stop();
  }
});

test('over python3 -m http.server, --since takes what was put there since', async () => {
  const server = await startPythonOf(archive.path);
  const paths = kernels.map(({ release }) =>
    join(archive.path, `pool/linux-image-${release}-dbg.deb`),
  );
  const now = new Date();
  try {
    const old = new Date('2026-01-15T00:00:00Z');
    for (const path of paths.slice(1)) await utimes(path, old, old);
    const source = [server.url, '--suite', 'stable'];
    const none = await importFrom(...source, '--since', '2100-01-01', '--dry-run');
    expect([none.code, none.items]).toEqual([0, []]);
    const all = await importFrom(...source, '--since', '2026-01-01', '--dry-run');
    expect(all.items).toHaveLength(kernels.length);
    const { code, items } = await importFrom(...source, '--since', '2026-02-01');
    expect([code, items.map((one) => [one.release, one.outcome])]).toEqual([
      0,
      [[first.release, 'imported']],
    ]);
  } finally {
    await server.stop();
    for (const path of paths) await utimes(path, now, now);
  }
});

describe('an untrusted archive is refused, and nothing is stored:', () => {
  const suite = ['--suite', 'stable', '--match', first.release];

  test.each([
    [
      'a key that is not trusted',
      'unsigned',
      async () => {
        const other = new MadeArchive();
        archive.write('other.gpg', await readFile(other.keyring));
        other.remove();
        return ['--keyring', join(archive.path, 'other.gpg')];
      },
    ],
    [
      'an index with a word changed',
      'digest-mismatch',
      async () => {
        const path = 'dists/stable/main/binary-amd64/Packages.xz';
        const bytes = await readFile(join(archive.path, path));
        bytes[bytes.length - 1] ^= 1;
        archive.write(path, bytes);
        return [];
      },
    ],
    [
      'a signed text with a word changed',
      'unsigned',
      async () => {
        const path = 'dists/stable/InRelease';
        const text = await readFile(join(archive.path, path), 'utf8');
        archive.write(path, text.replace('Suite: stable', 'Suite: staple'));
        return [];
      },
    ],
    [
      'a list whose time is over',
      'expired',
      async () => {
        await archive.index('Valid-Until: Sat, 01 Jan 2022 00:00:00 UTC\n');
        return [];
      },
    ],
  ])('%s', async (_, code, spoil) => {
    const more = await spoil();
    try {
      const common = ['import', archive.path, ...suite, '--arch', 'amd64', '--data', data];
      const keys = more.length > 0 ? more : ['--keyring', archive.keyring];
      const { code: status, output } = await btfdepot([...common, ...keys], folder);
      expect([status, output]).toEqual([1, expect.stringContaining(`[${code}]`)]);
      await expect(stat(join(data, 'kernels'))).rejects.toThrow();
    } finally {
      await archive.index();
    }
  });

  test('a package with other bytes, and the others are imported', async () => {
    const spoilt = await harmful(({ url = '' }, response) => {
      if (!url.includes(first.release)) return false;
      const bytes = Buffer.from(madePackage({ ...first, buildId: buildIdOf('evil') }));
      response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
      return true;
    });
    const match = ['--match', first.release, '--match', '6.12.2-*'];
    const { code, items } = await importFrom(spoilt.url, '--suite', 'stable', ...match);
    await spoilt.close();
    expect([code, items.map(({ outcome }) => outcome)]).toEqual([1, ['failed', 'imported']]);
    expect((await records()).map((record) => record?.buildId)).toEqual([kernels[1]?.buildId]);
  });

  test('unless it is told so', async () => {
    const { code, items } = await importFrom(archive.path, ...suite, '--unsigned');
    expect([code, items.map(({ outcome }) => outcome)]).toEqual([0, ['imported']]);
  });
});

test('a download that is cut goes on where it was cut', async () => {
  let asked = 0;
  const server = await harmful(({ url = '', headers: { range } }, response) => {
    if (!url.includes(first.release) || ++asked > 3) return false;
    if (asked === 3) {
      response.writeHead(503, { 'Retry-After': '1' }).end();
      return true;
    }
    void readFile(join(archive.path, url)).then((bytes) => {
      const start = Number(/\d+/.exec(range ?? '0')?.[0]);
      const size = bytes.length;
      response.setHeader('Content-Length', size - start);
      if (start > 0) response.setHeader('Content-Range', `bytes ${start}-${size - 1}/${size}`);
      response.writeHead(start > 0 ? 206 : 200);
      // Delayed: a reset discards what the client has not read yet.
      response.write(bytes.subarray(start, start + 200), () => {
        setTimeout(() => response.destroy(), 500);
      });
    });
    return true;
  });
  const args = [server.url, '--suite', 'stable', '--match', first.release];
  const { code, items, output } = await importFrom(...args);
  expect([code, items[0]?.outcome, output]).toEqual([0, 'imported', expect.anything()]);
  const ranges = server.asked
    .filter((line) => line.includes(first.release))
    .map((line) => line.split(' ')[1]);
  expect(ranges).toEqual([undefined, 'bytes=200-', 'bytes=400-', 'bytes=400-']);
  await server.close();
});

test('a wanted list chooses, and names what no source has', async () => {
  const list = join(folder, 'fleet');
  await writeFile(list, `${first.release}\n6.99.0-none\n`);
  const wanted = await btfdepot(['wanted', '--fleet', list, '--url', 'http://127.0.0.1:9'], folder);
  await writeFile(join(folder, 'want.json'), wanted.output.slice(wanted.output.indexOf('{')));
  const from = ['--from', join(folder, 'want.json')];
  const { code, items, output } = await importFrom(archive.path, '--suite', 'stable', ...from);
  expect([code, items.map(({ release }) => release)]).toEqual([1, [first.release]]);
  expect(output).toContain('6.99.0-none');
});

testWith(['rpmbuild', 'xz'], 'an RPM repository of createrepo_c', async () => {
  const repository = join(folder, 'rpm');
  const vmlinux = join(folder, 'vmlinux');
  await writeFile(vmlinux, madeVmlinux(first));
  const build = async (name: string, path: string) => {
    const spec = join(folder, `${name}.spec`);
    await writeFile(spec, madeSpec(name, vmlinux, path));
    const define = (key: string, value: string) => ['--define', `${key} ${value}`];
    await runIn(folder, [
      'rpmbuild',
      '-bb',
      '--target',
      'x86_64',
      ...define('_topdir', join(folder, 'build')),
      ...define('_rpmdir', repository),
      spec,
    ]);
  };
  const release = '6.12.1-200.fc42.x86_64';
  await build('kernel-debuginfo', `/usr/lib/debug/lib/modules/${release}`);
  await build('kernel-tools-debuginfo', '/usr/lib/debug/usr/bin');
  const { createrepo } = await archiving();
  await runIn(folder, [...createrepo, '--general-compress-type=gz', repository]);
  const refused = await importFrom(repository, '--arch', 'x86_64');
  expect([refused.code, refused.items.map(({ outcome, error }) => [outcome, error?.code])]).toEqual(
    [1, [['failed', 'unsigned']]],
  );
  archive.gpg('--detach-sign', '--armor', join(repository, 'repodata/repomd.xml'));
  const { code, items, output } = await importFrom(repository, '--arch', 'x86_64');
  expect([code, items.map((one) => [one.release, one.outcome]), output]).toEqual([
    0,
    [[release, 'imported']],
    expect.anything(),
  ]);
  expect((await importFrom(repository)).items.map(({ outcome }) => outcome)).toEqual(['present']);
});
