import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compressorServiceSettings } from '@btf-depot/compressor';
import { fetchServiceSettings } from '@btf-depot/fetch';
import { ingestSettings } from '@btf-depot/ingest';
import { readSettings, settingsHelp, settingsTable } from '@btf-depot/service-kit';
import { expect, test } from 'vitest';
import { embeddedSettings } from './embedded.ts';

const root = fileURLToPath(new URL('../../../../..', import.meta.url));
const services = {
  ingest: ingestSettings,
  compressor: compressorServiceSettings,
  fetch: fetchServiceSettings,
  embedded: embeddedSettings,
};
/** Clients' variables, which documents of services name too. */
const OF_CLIENTS = ['BTFDEPOT_TOKEN'];
const all = {
  ...embeddedSettings,
  ...ingestSettings,
  ...compressorServiceSettings,
  ...fetchServiceSettings,
};

test('the table of settings is as they are declared: `vitest -u` writes it', async () => {
  const path = `${root}infra/README.md`;
  const block = /(<!-- settings: [^>]*-->\n\n)[^]*?(\n\n<!-- end of settings -->)/;
  const readme = await readFile(path, 'utf8');
  expect(readme).toMatch(block);
  const table = settingsTable(services);
  const declared = readme.replace(block, (_, head: string, end: string) => head + table + end);
  await expect(declared).toMatchFileSnapshot(path);
});

test('what infra and tools set, and what documents name, is declared', async () => {
  const files = [
    'infra/systemd/depot.env.example',
    'infra/systemd/btf-depot@.service',
    'infra/systemd/btf-depot-embedded.service',
    'infra/container/Containerfile',
    'infra/container/compose.yaml',
    'infra/README.md',
    'docs/operating.md',
    'libs/testing/src/processes/processes.ts',
    'tools/services/src/dev.ts',
  ];
  for (const file of files) {
    const text = await readFile(root + file, 'utf8');
    const names = text.match(/\bBTFDEPOT(?:_[A-Z\d]+)+\b(?!_)/g) ?? [];
    const known = new Set([...Object.keys(all), ...OF_CLIENTS]);
    // Another variable may name a file with its value.
    const unknown = names.filter((name) => !known.has(name.replace(/_FILE$/, '')));
    expect(unknown, file).toEqual([]);
  }
});

test('the example of settings can be read as it stands', async () => {
  const example = await readFile(`${root}infra/systemd/depot.env.example`, 'utf8');
  const pairs = [...example.matchAll(/^#?(BTFDEPOT_\w+)=(.+)$/gm)];
  expect(pairs.length).toBeGreaterThan(3);
  const keys = { BTFDEPOT_S3_ACCESS_KEY: 'key', BTFDEPOT_S3_SECRET_KEY: 'secret' };
  const given = Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
  readSettings(all, { ...given, ...keys });
});

test.for(['ingest', 'compressor', 'fetch'] as const)(
  '`--help` of %s says all its settings, and needs none',
  async (name) => {
    const main = `${root}apps/${name}/src/main.ts`;
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--help'], { env: {} });
    expect(stdout).toContain(settingsHelp(services[name]));
    const wrong = promisify(execFile)(process.execPath, [main, '--hlep'], { env: {} });
    await expect(wrong).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--hlep') as string,
    });
  },
);

test('`--help` of the embedded depot says all its settings', async () => {
  const args = [`${root}apps/cli/src/main.ts`, 'serve', '--help'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain(settingsHelp(embeddedSettings).trimEnd());
});
