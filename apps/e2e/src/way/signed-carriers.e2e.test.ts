import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isSigned, signModule, unsigned } from '@btf-depot/carrier';
import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, loadableKernel } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const buildId = buildIdOf('signed');

describe.skipIf(!hasOpenssl && !process.env.CI)('signed carriers (need openssl)', () => {
  const folder = testFolder();
  let depot: StartedDepot;
  let url: string;
  let keys: { key: string; certificate: string };
  const at = (name: string) => join(folder, name);
  const fetched = async (name: string) => {
    const response = await fetch(`${url}/v1/kernels/${buildId}/${name}`);
    return new Uint8Array(await response.arrayBuffer());
  };

  beforeAll(async () => {
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Build key'];
    const into = ['-keyout', at('key.pem'), '-out', at('certificate.pem')];
    execFileSync('openssl', [...request, ...into], { stdio: 'ignore' });
    keys = {
      key: await readFile(at('key.pem'), 'utf8'),
      certificate: await readFile(at('certificate.pem'), 'utf8'),
    };
    const { vmlinux, full } = loadableKernel(buildId);
    await writeFile(at('vmlinux'), vmlinux);
    await writeFile(at('full.btf'), full);
    depot = await startDepot(at('data'), {
      BTFDEPOT_MODULE_KEY: at('key.pem'),
      BTFDEPOT_MODULE_CERTIFICATE: at('certificate.pem'),
      BTFDEPOT_GZIP_LEVEL: '1',
    });
    url = depot.url;
    await btfdepot(['push', '--url', url, 'vmlinux', '--full', 'full.btf'], folder);
  });

  afterAll(() => depot.stop());

  test('are signed by the key of the depot before they are compressed', async () => {
    for (const name of ['btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko']) {
      const module = await fetched(name);
      expect(isSigned(module)).toBe(true);
      expect(signModule(unsigned(module), keys)).toEqual(module);
      expect(new Uint8Array(gunzipSync(await fetched(`${name}.gz`)))).toEqual(module);
    }
    const record = (await (await fetch(`${url}/v1/kernels/${buildId}`)).json()) as KernelRecord;
    expect(record).toMatchObject({ carrier: { signed: true }, levels: { gzip: 1, xz: 6 } });
    expect(record.artifacts['btf_vmlinux.ko.xz']).toHaveProperty('ms');
  });

  test('are what fsck makes again of their parts, without the key', async () => {
    const { code, output } = await btfdepot(['fsck', '--data', 'data'], folder);
    expect([code, output]).toEqual([0, expect.stringContaining('0 findings')]);
  });

  test('are the same by a command that has the key and gets the digest', async () => {
    const made = ['carrier', '--kernel', 'vmlinux', '--full', 'full.btf', '-o', 'made.ko'];
    const command = 'openssl pkeyutl -sign -inkey key.pem -pkeyopt digest:$BTFDEPOT_HASH';
    const sign = (signer: string) => ['--certificate', 'certificate.pem', '--signer', signer];
    const { code } = await btfdepot([...made, ...sign(command)], folder);
    expect(code).toBe(0);
    expect(new Uint8Array(await readFile(at('made.ko')))).toEqual(await fetched('btf_vmlinux.ko'));
    const failed = await btfdepot([...made, ...sign('echo no token >&2; exit 3')], folder);
    expect([failed.code, failed.output]).toEqual([1, expect.stringContaining('exit 3 no token')]);
    const wrong = await btfdepot([...made, ...sign('cat')], folder);
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('[carrier-key]')]);
  });

  test.each([
    ['a key without its certificate', { BTFDEPOT_MODULE_KEY: 'key.pem' }],
    [
      'a file that is no certificate',
      { BTFDEPOT_MODULE_KEY: 'key.pem', BTFDEPOT_MODULE_CERTIFICATE: 'key.pem' },
    ],
  ])('a depot does not start with %s', async (_, settings) => {
    const paths = Object.entries(settings).map(([name, file]) => [name, at(file)]);
    const wrong = Object.fromEntries(paths) as Record<string, string>;
    await expect(startDepot(at('other'), wrong)).rejects.toThrow(/BTFDEPOT_MODULE_/);
  });
});
