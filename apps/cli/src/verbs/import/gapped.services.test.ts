import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startProcess } from '@btf-depot/testing/processes';
import { TEST_GLOBALS } from '@btf-depot/testing';
import { runIn } from '@btf-depot/testing/programs';
import { MadeArchive, madePackage } from '@btf-depot/upstreams/testing';
import { expect, test } from 'vitest';
import { runningKernel } from '../../running/running-kernel.ts';

/** A network namespace with only its own loopback. */
const GAPPED = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', '-'];
const running = await runningKernel();
const canUnshare = spawnSync(GAPPED[0] ?? '', [...GAPPED.slice(1), 'true']).status === 0;
const why = running ? 'needs a network namespace of its own' : 'the kernel shows no build ID';

const folder = testFolder();

const testGapped = test.skipIf((!canUnshare || !running) && process.env.CI !== 'true');

testGapped(
  `a system without network gets the variables of its kernel over a memory stick (else: ${why})`,
  async () => {
    if (!running) throw new Error(why);
    const archive = new MadeArchive();
    // Debian's package of a kernel, with this one's build ID and release.
    archive.write('pool/kernel.deb', madePackage(running));
    await archive.index();
    const data = join(folder, 'data');
    const depot = startProcess(
      'apps/cli/src/main.ts',
      ['serve', '--port', '18099', '--data', data],
      {},
      GAPPED,
    );
    try {
      await depot.line(/listening/);
      const main = join(import.meta.dirname, '../../main.ts');
      // Inside the depot's namespace, which has no way out.
      const gapped = (...args: string[]) => {
        const within = ['nsenter', '--net', '--target', String(depot.pid)];
        const command = [...within, process.execPath, main, ...args];
        return runIn(folder, command, { BTFDEPOT_URL: 'http://127.0.0.1:18099' });
      };
      const online = async (...args: string[]) => {
        const { code, output } = await btfdepot(args, folder);
        expect([code, output]).toEqual([0, expect.anything()]);
        return output;
      };
      await expect(gapped('import', 'http://192.0.2.1', '--suite', 'stable')).rejects.toThrow(
        /unreachable/,
      );
      const want = await gapped('wanted', '--running');
      expect(JSON.parse(want)).toMatchObject({ wanted: [{ ...running, lacks: 'kernel' }] });
      await writeFile(join(folder, 'want.json'), want);
      const stick = join(folder, 'stick');
      const exported = await online(
        'import',
        '--from',
        'want.json',
        archive.path,
        '--suite',
        'stable',
        '--export',
        stick,
        '--keyring',
        archive.keyring,
        '--work',
        join(folder, 'work'),
      );
      expect(exported).toMatch(/^1 kernel: .* downloaded, .* written, signature checked$/m);
      const imported = await gapped('import', stick, '--data', data);
      expect(imported).toContain('1 kernel imported, every hash checked\n');
      const [name = ''] = TEST_GLOBALS;
      await expect.poll(() => gapped('vars', '--running', name)).toMatch(new RegExp(`\\b${name};`));
      expect(await gapped('import', stick, '--data', data)).toContain('1 known');
      const sums = await readFile(join(stick, 'SHA256SUMS'), 'utf8');
      expect(sums).toContain(`v1/kernels/${running.buildId}/record.json`);
      expect(await runIn(stick, ['sha256sum', '-c', '--quiet', 'SHA256SUMS'])).toBe('');
    } finally {
      await depot.stop();
      archive.remove();
    }
  },
  180_000,
);

testGapped(
  'serve --running without network says what to do next',
  async () => {
    const args = ['serve', '--running', '--port', '0', '--data', join(folder, 'alone')];
    const none = { DEBUGINFOD_URLS: '', BTFDEPOT_UPSTREAMS: '' };
    const depot = startProcess('apps/cli/src/main.ts', args, none, GAPPED);
    const line = await depot.line(/Next:/);
    await depot.stop();
    expect(line).toMatch(/: none, no network\. Next: btfdepot wanted --running > want\.json$/);
  },
  180_000,
);
