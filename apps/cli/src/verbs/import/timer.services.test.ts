import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFsStores } from '@btf-depot/blob-store';
import { buildIdOf, collect } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { MadeArchive, madePackage } from '@btf-depot/upstreams/testing';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../../..', import.meta.url));
const INSTALLED = '/opt/btf-depot';
const folder = testFolder();
const NAMES = ['btf-depot-import.service', 'btf-depot-import.timer'];

/** A unit as it is installed, but for the place of the depot. */
async function unitOf(name: string): Promise<string> {
  const text = await readFile(join(root, 'infra/systemd', name), 'utf8');
  return text.replaceAll(INSTALLED, root.replace(/\/$/, ''));
}

testWith(
  ['systemd-analyze'],
  'systemd has nothing to say against the import and its timer',
  async () => {
    const paths = NAMES.map((name) => join(folder, name));
    for (const name of NAMES) await writeFile(join(folder, name), await unitOf(name));
    expect(await runIn(folder, ['systemd-analyze', 'verify', ...paths])).toBe('');
    const timer = await unitOf('btf-depot-import.timer');
    const [, calendar = ''] = /^OnCalendar=(.*)$/m.exec(timer) ?? [];
    expect(await runIn(folder, ['systemd-analyze', 'calendar', calendar])).toMatch(/Next elapse: /);
  },
);

/** The words of `ExecStart`: `${NAME}` is one word, and `$NAME` as many as it has (systemd.exec(5)). */
function commandOf(unit: string, environment: Record<string, string>): string[] {
  const [, line = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  return line.split(/\s+/).flatMap((word) => {
    const [, whole] = /^\$\{(\w+)\}$/.exec(word) ?? [];
    if (whole !== undefined) return environment[whole] ?? '';
    const [, split] = /^\$(\w+)$/.exec(word) ?? [];
    return split === undefined ? word : (environment[split] ?? '').split(/\s+/);
  });
}

test('its command imports what /etc/btf-depot/import.conf says, once', async () => {
  const archive = new MadeArchive();
  const kernel = { buildId: buildIdOf('by a timer'), release: '6.12.1-test-amd64' };
  archive.write(`pool/linux-image-${kernel.release}-dbg.deb`, madePackage(kernel));
  await archive.index();
  const data = join(folder, 'data');
  const environment = {
    CACHE_DIRECTORY: join(folder, 'cache'),
    BTFDEPOT_DATA: data,
    BTFDEPOT_IMPORT: `--suite stable --arch amd64 --keyring ${archive.keyring} ${archive.path}`,
  };
  const [program = '', ...args] = commandOf(await unitOf('btf-depot-import.service'), environment);
  const start = () =>
    spawnSync(program, args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...environment, PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
  const first = start();
  expect([first.status, first.stdout]).toEqual([0, expect.stringMatching(/^1 kernel: /)]);
  const second = start();
  expect([second.status, second.stdout]).toEqual([0, expect.stringContaining('1 present')]);
  archive.remove();
  const { records } = await openFsStores(data);
  const ids = await collect(records.list());
  expect(ids.map(({ buildId }) => buildId)).toEqual([kernel.buildId]);
});
