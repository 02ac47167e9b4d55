import { isMiss } from '@btf-depot/depot';
import { buildIdOf, describeUpstream, sha256Of } from '@btf-depot/testing';
import { afterEach, expect, test } from 'vitest';
import { parseUpstreams } from '../../setting.ts';
import { scriptedServer } from '../../testing/scripted-server.ts';
import { TEST_OPTIONS } from '../../testing/source-options.ts';
import { packages } from './index.ts';

const { signal } = new AbortController();
const servers: { dispose: () => Promise<void> }[] = [];
const known = buildIdOf('packaged');
const file = Buffer.alloc(70_000, 3);
const about = { path: 'pool/linux-image-6.12.1-test-dbgsym.deb', file: sha256Of(file) };

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

/** A suite with one package of a kernel, and another package with the same words. */
function suite(sha256 = about.file): Record<string, Uint8Array> {
  const stanza = (name: string, path: string) =>
    `Package: ${name}\nArchitecture: amd64\nVersion: 1\nFilename: ${path}\nSize: ${file.length}\n` +
    `SHA256: ${sha256}\nBuild-Ids: ${buildIdOf('module')} ${known}\n`;
  const index = Buffer.from(
    `${stanza('linux-image-6.12.1-test-dbgsym', about.path)}\n${stanza('tool-dbgsym', 'pool/tool')}`,
  );
  const listed = ` ${sha256Of(index)} ${index.length} main/binary-amd64/Packages`;
  const release = `Suite: debug\nComponents: main\nArchitectures: amd64 arm64\nSHA256:\n${listed}\n`;
  return {
    '/dists/debug/Release': Buffer.from(release),
    '/dists/debug/main/binary-amd64/Packages': index,
    [`/${about.path}`]: file,
  };
}

async function open(answers = suite(), below = 'dists/debug/', trust = TEST_OPTIONS.trust) {
  const asked: string[] = [];
  const server = await scriptedServer((request, response) => {
    const { url = '', headers } = request;
    asked.push(url);
    const bytes = answers[url];
    const start = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
    if (!bytes) response.writeHead(404).end();
    else if (start === 0) response.end(bytes);
    else {
      const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { 'Content-Range': range }).end(bytes.subarray(start));
    }
  });
  servers.push(server);
  const [address] = parseUpstreams(`packages ${server.url.href}${below}`);
  if (!address) throw new Error('no address');
  const options = { ...TEST_OPTIONS, trust };
  return { upstream: packages.open(address.at, address.name, options), asked };
}

const find = ({ upstream }: Awaited<ReturnType<typeof open>>, buildId = known) =>
  upstream.find(buildId, { signal, via: [] });

describeUpstream('an archive of packages', async () => {
  const { upstream } = await open();
  return { upstream, known, dispose: () => Promise.resolve() };
});

test('a kernel’s package is found by a build ID of its index, which is read once', async () => {
  const opened = await open();
  const found = await Promise.all(Array.from({ length: 20 }, () => find(opened)));
  for (const one of found) {
    expect(one).toMatchObject({ files: [{ part: 'kernel', size: file.length }] });
  }
  expect(opened.asked.filter((path) => path.endsWith('Packages'))).toHaveLength(1);
});

test('a package that differs from its index is not accepted', async () => {
  const found = await find(await open(suite(sha256Of(Buffer.from('other')))));
  if (isMiss(found)) throw new Error('no files');
  const wrong = { path: '', size: file.length, sha256: about.file };
  expect(await found.files[0]?.check?.(wrong)).toMatchObject({ reason: 'malformed' });
});

test.each([
  ['bad-signature', 'an archive that nobody signed', suite(), 'dists/debug/', {}],
  ['malformed', 'no archive at all', {}, 'dists/debug/', { unsigned: true }],
  ['malformed', 'no repository at all', {}, '', { unsigned: true }],
  [
    'malformed',
    'an index that is another than Release says',
    { ...suite(), '/dists/debug/main/binary-amd64/Packages': Buffer.from('Package: x\n') },
    'dists/debug/',
    { unsigned: true },
  ],
])('%s: %s', async (reason, _what, answers, below, trust) => {
  expect(await find(await open(answers, below, trust))).toMatchObject({ reason });
});

test('an archive is read anew once its fault is over', async () => {
  const answers: Record<string, Uint8Array> = {};
  const opened = await open(answers);
  expect(await find(opened)).toMatchObject({ reason: 'malformed' });
  Object.assign(answers, suite());
  expect(await find(opened)).toHaveProperty('files');
});

test('a client that stops waiting for the index does not end it for others', async () => {
  const opened = await open();
  const stop = new AbortController();
  const first = opened.upstream.find(known, { signal: stop.signal, via: [] });
  const second = find(opened);
  stop.abort(new Error('stopped'));
  await expect(first).rejects.toThrow('stopped');
  expect(await second).toHaveProperty('files');
});

test('several suites of one host are upstreams of different names', () => {
  const at = 'http://127.0.0.1/debian/dists';
  expect(parseUpstreams(`packages ${at}/a, packages ${at}/b`).map(({ name }) => name)).toEqual([
    '127.0.0.1/debian/dists/a',
    '127.0.0.1/debian/dists/b',
  ]);
});
