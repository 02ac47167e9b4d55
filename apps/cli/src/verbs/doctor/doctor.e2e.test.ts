import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildIdNote, buildIdOf, loadableKernel } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { beforeAll, expect, it } from 'vitest';

const buildId = buildIdOf('a system');
const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

beforeAll(async () => {
  const { vmlinux, full } = loadableKernel(buildId);
  await writeFile(join(folder, 'vmlinux'), vmlinux);
  await writeFile(join(folder, 'full.btf'), full);
  await btfdepot(['push', '--url', depot.url, 'vmlinux', '--full', 'full.btf'], folder);
  await btfdepot(['get', '--url', depot.url, buildId, 'vmlinux.btf', '-o', 'core.btf'], folder);
});

async function systemOf(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, name, dirname(path)), { recursive: true });
    await writeFile(join(folder, name, path), content);
  }
  return name;
}

it.each(['little', 'big'] as const)(
  'reads a system from copies of its files: %s-endian',
  async (endian) => {
    const root = await systemOf(endian, {
      'proc/sys/kernel/osrelease': '6.12.117-test\n',
      'proc/sys/kernel/arch': 'x86_64\n',
      'proc/modules': '',
      'proc/kallsyms': 'ffffffff81000000 T _text\nffffffff82000000 D init_task\n',
      'sys/kernel/notes': buildIdNote(buildId, endian),
      'sys/kernel/btf/vmlinux': await readFile(join(folder, 'core.btf')),
      'sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
    });
    const { code, output } = await btfdepot(
      ['doctor', '--url', depot.url, '--root', root, '--json'],
      folder,
    );
    expect(JSON.parse(output)).toMatchObject({
      system: { buildId, release: '6.12.117-test', takesModules: true, lockdown: 'none' },
      depot: { kernel: { state: 'ready', carrier: { loadable: true } } },
      ways: { ksyms: { outlook: 'possible' }, addresses: { outlook: 'possible' } },
      healthy: true,
    });
    expect(code).toBe(0);
  },
);

it('says what stands in the way, and exits with 1 where nothing is to be had', async () => {
  const root = await systemOf('other', {
    'sys/kernel/notes': buildIdNote('ab'.repeat(20), 'little'),
  });
  const { code, output } = await btfdepot(['doctor', '--url', depot.url, '--root', root], folder);
  expect(output).toContain('the depot does not know this kernel');
  expect(output).toMatch(/^takes modules +\?$/m);
  expect(code).toBe(1);
});

it('copies without content, as tar makes them of /proc, are no system without anything', async () => {
  const root = await systemOf('tar', { 'proc/kallsyms': '', 'proc/sys/kernel/osrelease': '' });
  const { code, output } = await btfdepot(['doctor', '--url', depot.url, '--root', root], folder);
  expect([code, output]).toEqual([2, expect.stringMatching(/copy of osrelease is empty.*cat/)]);
});

it('lookup says what the depot has for a fleet', async () => {
  const words = [buildId, 'ab'.repeat(20), '6.1.0-9-amd64'];
  const { code, output } = await btfdepot(
    ['lookup', '--url', depot.url, '--json', ...words],
    folder,
  );
  expect(JSON.parse(output)).toEqual(
    expect.arrayContaining([
      { asked: buildId, nodes: [], answer: 'have', buildIds: [buildId] },
      { asked: '6.1.0-9-amd64', nodes: [], answer: 'missing', buildIds: [] },
    ]),
  );
  expect(code).toBe(1);
});
