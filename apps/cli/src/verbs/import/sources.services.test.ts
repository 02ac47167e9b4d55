import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePublicKey, type KernelRecord } from '@btf-depot/contracts';
import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { archiving } from '@btf-depot/services';
import { buildIdOf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot } from '@btf-depot/testing/processes';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { openFsStores } from '@btf-depot/blob-store';
import { MadeArchive, madePackage, madeSpec, madeVmlinux } from '@btf-depot/upstreams/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const folder = testFolder();
const made = (release: string) => ({ release, buildId: buildIdOf(release) });
let archive: MadeArchive;

beforeAll(() => {
  archive = new MadeArchive();
});
afterAll(() => archive.remove());

async function run(data: string, ...args: string[]) {
  const common = ['--data', join(folder, data), '--work', join(folder, 'work'), '--json'];
  const { code, output } = await btfdepot(['import', ...args, ...common], folder);
  const at = output.search(/^\{/m);
  const report = JSON.parse(at < 0 ? '{}' : output.slice(at)) as {
    items?: { outcome: string; release: string }[];
    copies?: { outcome: string; buildId: string; error?: { code: string } }[];
  };
  return { code, output, ...report };
}

async function recordOf(data: string, buildId: string): Promise<KernelRecord | undefined> {
  const { records } = await openFsStores(join(folder, data));
  return (await records.get(buildId))?.record;
}

test('several suites of one archive, each kernel once', async () => {
  const [old, young] = [made('6.12.1-old-amd64'), made('6.12.2-young-amd64')];
  archive.write(`pool/linux-image-${old.release}-dbg.deb`, madePackage(old));
  await archive.index('', 'oldstable');
  archive.write(`pool/linux-image-${young.release}-dbg.deb`, madePackage(young));
  await archive.index('', 'stable');
  const suites = ['--suite', 'oldstable,stable', '--arch', 'amd64', '--keyring', archive.keyring];
  const { code, items = [] } = await run('suites', archive.path, ...suites);
  expect([code, items.map(({ release }) => release)]).toEqual([0, [old.release, young.release]]);
});

test('a folder: its packages and kernels, in subfolders too', async () => {
  const [packed, plain] = [made('6.12.3-test-amd64'), made('6.12.4-test-amd64')];
  const files = join(folder, 'files');
  await mkdir(join(files, 'deeper'), { recursive: true });
  await writeFile(join(files, 'README'), 'no kernel');
  await writeFile(join(files, 'kernel.deb'), madePackage(packed));
  await writeFile(join(files, 'deeper/vmlinux'), madeVmlinux(plain));
  const { code, items } = await run('folder', files);
  expect([code, items?.map(({ outcome }) => outcome)]).toEqual([0, ['imported', 'imported']]);
  for (const { buildId } of [packed, plain]) {
    expect(await recordOf('folder', buildId)).toMatchObject({
      owner: { principal: 'import:files' },
    });
  }
});

test('another depot and its export: with the signature that a trusted key made, or not at all', async () => {
  const kernel = made('6.12.5-test-amd64');
  const key = createSecretKey();
  const { publicKey } = openSecretKey(key);
  const stranger = openSecretKey(createSecretKey()).publicKey;
  const at = (name: string) => join(folder, name);
  await writeFile(at('key.sec'), key);
  await writeFile(at('key.pub'), encodePublicKey(publicKey));
  await writeFile(at('stranger.pub'), encodePublicKey(stranger));
  const other = await startDepot(at('other'), { BTFDEPOT_SIGNING_KEYS: at('key.sec') });
  try {
    await writeFile(at('vmlinux'), madeVmlinux(kernel));
    const pushed = await btfdepot(['push', at('vmlinux'), '--url', other.url], folder);
    expect([pushed.code, pushed.output]).toEqual([0, expect.stringContaining('ready')]);
    // The depot's list of kernels is refreshed now and then.
    await vi.waitFor(
      async () =>
        expect(await (await fetch(`${other.url}/v1/kernels`)).text()).toContain(kernel.buildId),
      { timeout: 60_000, interval: 200 },
    );
    const exported = await btfdepot(['export', at('stick'), '--url', other.url], folder);
    expect([exported.code, exported.output]).toEqual([0, expect.anything()]);
    const name = `manifest.${publicKey.number}.sig`;
    const original = await fetch(`${other.url}/v1/kernels/${kernel.buildId}/record.json`);
    const { artifacts } = (await original.json()) as KernelRecord;
    for (const [data, source] of [
      ['of-depot', other.url],
      ['of-stick', at('stick')],
    ] as const) {
      const refused = await run(data, source, '--keys', at('stranger.pub'));
      expect([refused.code, refused.copies]).toMatchObject([
        1,
        [{ outcome: 'refused', error: { code: 'not-signed' } }],
      ]);
      expect(await recordOf(data, kernel.buildId)).toBeUndefined();
      const { code, copies } = await run(data, source, '--keys', at('key.pub'));
      expect([code, copies]).toMatchObject([0, [{ outcome: 'created' }]]);
      const record = await recordOf(data, kernel.buildId);
      expect(record?.artifacts[name]?.sha256).toBe(artifacts[name].sha256);
      expect(record?.artifacts.manifest).toEqual(artifacts.manifest);
      const again = await run(data, source, '--keys', at('key.pub'));
      expect(again.copies).toMatchObject([{ outcome: 'known' }]);
    }
    const fleet = [kernel.buildId, '6.99.0-nowhere'];
    const lacking = await btfdepot(['lookup', ...fleet, '--import', '--url', other.url], folder);
    expect([lacking.code, JSON.parse(lacking.output)]).toEqual([
      1,
      { wanted: [{ release: '6.99.0-nowhere', lacks: 'kernel' }] },
    ]);
  } finally {
    await other.stop();
  }
});

testWith(['rpmbuild', 'xz'], 'an RPM repository by a list of build IDs', async () => {
  const kernel = made('6.12.1-200.fc42.x86_64');
  const repository = join(folder, 'rpm');
  await writeFile(join(folder, 'vmlinux-rpm'), madeVmlinux(kernel));
  const at = `/usr/lib/debug/lib/modules/${kernel.release}`;
  const links = join('/usr/lib/debug/.build-id', kernel.buildId.slice(0, 2));
  const link = `${links}/${kernel.buildId.slice(2)}.debug`;
  const spec = madeSpec('kernel-debuginfo', join(folder, 'vmlinux-rpm'), at)
    .replace(
      '%files',
      `mkdir -p %{buildroot}${links}\nln -s ${at}/vmlinux %{buildroot}${link}\n%files`,
    )
    .concat(`${link}\n`);
  await writeFile(join(folder, 'kernel.spec'), spec);
  const define = (name: string, value: string) => ['--define', `${name} ${value}`];
  await runIn(folder, [
    'rpmbuild',
    '-bb',
    '--target',
    'x86_64',
    ...define('_rpmdir', repository),
    ...define('_topdir', join(folder, 'build')),
    'kernel.spec',
  ]);
  const { createrepo } = await archiving();
  await runIn(folder, [...createrepo, '--general-compress-type=gz', repository]);
  const source = [repository, '--arch', 'x86_64', '--unsigned', '--from'];
  await writeFile(join(folder, 'nobody'), `${buildIdOf('of nobody')}\n`);
  expect(await run('by-id', ...source, join(folder, 'nobody'))).toMatchObject({
    code: 1,
    items: [],
  });
  const wanted = { wanted: [{ buildId: kernel.buildId, code: 'unknown-build-id', clients: 1 }] };
  await writeFile(join(folder, 'wanted.json'), JSON.stringify(wanted));
  const { code, items } = await run('by-id', ...source, join(folder, 'wanted.json'));
  expect([code, items]).toMatchObject([0, [{ outcome: 'imported' }]]);
});
