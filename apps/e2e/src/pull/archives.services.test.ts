import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { archiving, startNginxOf, type StaticServer } from '@btf-depot/services';
import { buildIdOf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { runIn, testWith } from '@btf-depot/testing/programs';
import {
  MadeArchive,
  madePackage,
  madeVmlinux,
  type MadeKernel,
} from '@btf-depot/upstreams/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const folder = testFolder();
const made = (release: string): MadeKernel => ({ release, buildId: buildIdOf(release) });
const kernel = made('6.12.1-test-amd64');

let archive: MadeArchive;
let server: StaticServer;
let depot: StartedDepot | undefined;
let depots = 0;

beforeAll(async () => {
  archive = new MadeArchive();
  for (const one of [kernel, made('6.12.2-test-amd64')]) {
    archive.write(`pool/linux-image-${one.release}-dbgsym.deb`, madePackage(one, 'dbgsym'));
  }
  await archive.index();
  server = await startNginxOf(archive.path);
});
afterEach(async () => {
  await depot?.stop();
});
afterAll(async () => {
  await server.stop();
  archive.remove();
});

async function ask(upstreams: string, asked: MadeKernel, settings = {}) {
  depot = await startDepot(join(folder, `data-${depots++}`), {
    BTFDEPOT_UPSTREAMS: upstreams,
    BTFDEPOT_UPSTREAM_KEYRINGS: archive.keyring,
    ...settings,
  });
  return askAgain(asked);
}

async function askAgain({ buildId }: MadeKernel) {
  const answer = await fetch(`${depot?.url}/v1/kernels/${buildId}?wait=60`);
  return (await answer.json()) as Record<string, unknown>;
}

const reasonIs = (reason: string) => ({ pull: { misses: [{ reason }] } });

describe('a suite of a Debian archive that apt-ftparchive indexed', () => {
  const suite = () => `packages ${server.url}/dists/stable`;

  test('a kernel that its index names by build ID is fetched', async () => {
    const record = await ask(suite(), kernel);
    expect(record).toMatchObject({
      state: 'ready',
      release: kernel.release,
      owner: { rank: 'upstream' },
    });
  });

  test('one that no package has is missing', async () => {
    expect(await ask(suite(), made('6.12.3-test-amd64'))).toMatchObject(reasonIs('missing'));
  });

  test('signed by another key, nothing is taken', async () => {
    const other = new MadeArchive();
    const settings = { BTFDEPOT_UPSTREAM_KEYRINGS: other.keyring };
    const answer = await ask(suite(), kernel, settings);
    other.remove();
    expect(answer).toMatchObject(reasonIs('bad-signature'));
    await depot?.stop();
    const unsigned = { ...settings, BTFDEPOT_UPSTREAM_UNSIGNED: 'yes' };
    expect(await ask(suite(), kernel, unsigned)).toMatchObject({ state: 'ready' });
  });

  test('a package with other bytes than the index says is not taken', async () => {
    const path = `pool/linux-image-${kernel.release}-dbgsym.deb`;
    archive.write(path, madePackage({ ...kernel, buildId: buildIdOf('evil') }, 'dbgsym'));
    try {
      expect(await ask(suite(), kernel)).toMatchObject(reasonIs('malformed'));
    } finally {
      archive.write(path, madePackage(kernel, 'dbgsym'));
    }
  });
});

testWith(
  ['rpmbuild', 'xz'],
  'an RPM repository of createrepo_c: by the links of its list of files',
  async () => {
    const rpms = join(archive.path, 'rpm');
    const release = '6.12.1-200.fc42.x86_64';
    const vmlinux = `/usr/lib/debug/lib/modules/${release}/vmlinux`;
    const link = `/usr/lib/debug/.build-id/${kernel.buildId.slice(0, 2)}/${kernel.buildId.slice(2)}`;
    await writeFile(join(folder, 'vmlinux'), madeVmlinux(kernel));
    await writeFile(
      join(folder, 'kernel.spec'),
      `Name: kernel-debuginfo
Version: 6.12.1
Release: 200.fc42
Summary: made up
License: GPL
AutoReqProv: no
%global debug_package %{nil}
%global __os_install_post %{nil}
%description
made up
%install
mkdir -p %{buildroot}${dirname(vmlinux)} %{buildroot}${dirname(link)}
cp ${join(folder, 'vmlinux')} %{buildroot}${vmlinux}
ln -s ${vmlinux} %{buildroot}${link}.debug
%files
${vmlinux}
${link}.debug
`,
    );
    const define = (key: string, value: string) => ['--define', `${key} ${value}`];
    await runIn(folder, [
      'rpmbuild',
      '-bb',
      '--target',
      'x86_64',
      ...define('_topdir', join(folder, 'build')),
      ...define('_build_id_links', 'none'),
      ...define('_rpmdir', rpms),
      join(folder, 'kernel.spec'),
    ]);
    const { createrepo } = await archiving();
    await runIn(folder, [...createrepo, '--general-compress-type=gz', rpms]);
    const unsigned = await ask(`packages ${server.url}/rpm`, kernel);
    expect(unsigned).toMatchObject(reasonIs('bad-signature'));
    await depot?.stop();
    archive.gpg('--detach-sign', '--armor', join(rpms, 'repodata/repomd.xml'));
    const record = await ask(`packages ${server.url}/rpm`, kernel);
    expect(record).toMatchObject({ state: 'ready', owner: { rank: 'upstream' } });
  },
);

test('a folder: of packages and kernels, and by build ID', async () => {
  const files = join(folder, 'files');
  const plain = made('6.12.4-test-amd64');
  const byId = made('6.12.5-test-amd64');
  const debug = join(files, `.build-id/${byId.buildId.slice(0, 2)}/${byId.buildId.slice(2)}.debug`);
  await mkdir(join(files, 'deeper'), { recursive: true });
  await mkdir(dirname(debug), { recursive: true });
  await writeFile(join(files, 'README'), 'no kernel');
  await copyFile(
    join(archive.path, `pool/linux-image-${kernel.release}-dbgsym.deb`),
    join(files, 'kernel.deb'),
  );
  await writeFile(join(files, 'deeper/vmlinux-of-mine'), madeVmlinux(plain));
  await writeFile(debug, madeVmlinux(byId));
  expect(await ask(`files ${files}`, made('nowhere'))).toMatchObject(reasonIs('missing'));
  for (const one of [kernel, plain, byId]) {
    expect(await askAgain(one)).toMatchObject({
      state: 'ready',
      owner: { principal: `upstream:${files}`, rank: 'upstream' },
    });
  }
});
