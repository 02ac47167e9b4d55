import { isMiss } from '@btf-depot/depot';
import { describeUpstream } from '@btf-depot/testing';
import { afterEach, expect, test } from 'vitest';
import { asDebuginfod, scriptedServer } from '../../testing/scripted-server.ts';
import { TEST_OPTIONS } from '../../testing/source-options.ts';
import { debuginfod } from './index.ts';

const known = 'cd'.repeat(20);
const { signal } = new AbortController();
const servers: { dispose: () => Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

async function open(files: Record<string, Uint8Array>) {
  const server = await scriptedServer(asDebuginfod(files));
  servers.push(server);
  return debuginfod.open(server.url.href, server.url.host, TEST_OPTIONS);
}

describeUpstream('debuginfod', async () => {
  const upstream = await open({
    [`/buildid/${known}/section/.BTF`]: Buffer.alloc(5000, 1),
    [`/buildid/${known}/debuginfo`]: Buffer.alloc(300_000, 2),
  });
  return { upstream, known, dispose: () => Promise.resolve() };
});

test('its .BTF comes first, as a claim, then the file with the build ID inside', async () => {
  const upstream = await open({ [`/buildid/${known}/section/.BTF`]: Buffer.alloc(5000, 1) });
  const found = await upstream.find(known, { signal, via: [] });
  expect(found).toMatchObject({
    files: [{ name: '.BTF', buildId: known, provisional: true, size: 5000 }, { name: 'debuginfo' }],
  });
});

test('for a kernel without BTF, the debug information is offered', async () => {
  const upstream = await open({ [`/buildid/${known}/debuginfo`]: Buffer.alloc(70_000, 2) });
  const found = await upstream.find(known, { signal, via: [] });
  if (isMiss(found)) throw new Error('no files');
  expect(found.files).toMatchObject([{ name: 'debuginfo', size: 70_000 }]);
});
