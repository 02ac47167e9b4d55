import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodePublicKey, decodeSignature, type KeysAnswer } from '@btf-depot/contracts';
import { programCommand, provided, provideProgram } from '@btf-depot/services/provision';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);

const verifiers = {
  name: 'verifiers',
  suite: 'bookworm',
  packages: ['signify-openbsd', 'minisign'],
};
const fetched = await provided(() => provideProgram(verifiers));

/** OpenWrt's verifier, which no package registry has: `USIGN` names one that was built by hand. */
const { USIGN: usign } = process.env;

const buildId = buildIdOf('signed');
const MANIFEST = `/v1/kernels/${buildId}/manifest`;

const folder = testFolder();
let depot: StartedDepot;
let url: string;
/** Numbers of the keys from `GET /v1/keys`: one of our own, then one that signify made. */
let numbers: string[];

if ('absent' in fetched) {
  const { absent } = fetched;
  test('needs signify-openbsd and minisign', (context) => context.skip(absent));
}

const debian = (path: string, ...args: string[]) => {
  const [loader, ...first] = programCommand(verifiers, path);
  return run(loader, [...first, ...args], { cwd: folder });
};
const signify = (...args: string[]) => debian('bin/signify-openbsd', ...args);

/** Takes the file from the depot as a device does: by its path. */
async function take(path: string, name: string): Promise<void> {
  const answer = await fetch(url + path);
  expect(answer.status).toBe(200);
  await writeFile(join(folder, name), new Uint8Array(await answer.arrayBuffer()));
}

/** Each tells whether `key.pub` signed `manifest`, with the signature files beside it. */
const programs: Record<string, () => Promise<unknown>> = {
  signify: () => signify('-V', '-q', '-p', 'key.pub', '-m', 'manifest'),
  minisign: () => debian('usr/bin/minisign', '-V', '-p', 'key.pub', '-m', 'manifest'),
  openssl: async () => {
    const text = (name: string) => readFile(join(folder, name), 'utf8');
    // RFC 8410: the bytes before the key in a SubjectPublicKeyInfo.
    const head = Buffer.from('302a300506032b6570032100', 'hex');
    const der = Buffer.concat([head, decodePublicKey(await text('key.pub')).bytes]);
    await writeFile(join(folder, 'key.der'), der);
    await writeFile(join(folder, 'raw'), decodeSignature(await text('manifest.sig')).bytes);
    const key = ['-pubin', '-keyform', 'DER', '-inkey', 'key.der'];
    const files = ['-rawin', '-in', 'manifest', '-sigfile', 'raw'];
    return run('openssl', ['pkeyutl', '-verify', ...key, ...files], { cwd: folder });
  },
};
if (usign !== undefined) {
  programs.usign = () =>
    run(usign, ['-V', '-q', '-p', 'key.pub', '-m', 'manifest'], { cwd: folder });
}

describe.skipIf('absent' in fetched)('a signed manifest', () => {
  beforeAll(async () => {
    await btfdepot(['key', 'create', 'own'], folder);
    await signify('-G', '-n', '-p', 'theirs.pub', '-s', 'theirs.sec');
    const keys = ['own.sec', 'theirs.sec'].map((name) => join(folder, name)).join(':');
    depot = await startDepot(join(folder, 'data'), { BTFDEPOT_SIGNING_KEYS: keys });
    url = depot.url;
    const kernels = [buildId, buildIdOf('other')];
    for (const one of kernels) {
      await writeFile(join(folder, 'vmlinux'), kernelFile({ buildId: one }));
      await writeFile(join(folder, 'full.btf'), kernelBtf({ globals: true }));
      await btfdepot(['push', '--url', url, 'vmlinux', '--full', 'full.btf'], folder);
    }
    const answer = (await (await fetch(`${url}/v1/keys`)).json()) as KeysAnswer;
    numbers = answer.keys.map(({ number }) => number);
    expect(depot.lines.join('\n')).toContain(answer.keys[0]?.publicKey);
  });

  afterAll(() => depot.stop());

  describe.each(Object.keys(programs))('%s', (program) => {
    const verify = () => programs[program]();

    test.each(['first', 'second'])('takes the signature of the %s key', async (which) => {
      const number = numbers[which === 'first' ? 0 : 1];
      await take(`/v1/keys/${number}.pub`, 'key.pub');
      await take(MANIFEST, 'manifest');
      for (const form of ['sig', 'minisig']) {
        await take(`${MANIFEST}.${number}.${form}`, `manifest.${form}`);
      }
      await verify();
    });

    test('takes the signature of the first key by its plain name, and no other key for it', async () => {
      for (const form of ['', '.sig', '.minisig']) await take(MANIFEST + form, `manifest${form}`);
      await take(`/v1/keys/${numbers[0]}.pub`, 'key.pub');
      await verify();
      await take(`/v1/keys/${numbers[1]}.pub`, 'key.pub');
      await expect(verify()).rejects.toThrow();
    });

    test("refuses a manifest that was changed, and another kernel's", async () => {
      for (const form of ['', '.sig', '.minisig']) await take(MANIFEST + form, `manifest${form}`);
      await take(`/v1/keys/${numbers[0]}.pub`, 'key.pub');
      const text = await readFile(join(folder, 'manifest'), 'utf8');
      await writeFile(join(folder, 'manifest'), text.replace('revision 1', 'revision 2'));
      await expect(verify()).rejects.toThrow();
      await take(`/v1/kernels/${buildIdOf('other')}/manifest`, 'manifest');
      await expect(verify()).rejects.toThrow();
    });
  });

  test.skipIf(usign !== undefined)('usign: in no registry, USIGN names none', (context) =>
    context.skip('set USIGN to a usign that you built to test with it'),
  );

  test('get checks it, and resign gives it to another key', async () => {
    const get = (keys: string, ...more: string[]) =>
      btfdepot(['get', '--url', url, '--keys', keys, ...more, buildId], folder);
    expect((await get('own.pub')).output).toContain('SHA-256 and signature checked');
    expect(await get('own.pub', '--least-revision', '2')).toMatchObject({ code: 1 });
    await btfdepot(['key', 'create', 'next'], folder);
    expect((await get('next.pub')).output).toContain('[not-signed]');
    const again = ['resign', '--data', 'data', '--all', '--keys', 'next.sec:own.sec'];
    expect((await btfdepot(again, folder)).output).toContain('2 signed with 2 keys, 0 left');
    expect((await btfdepot(again, folder)).output).toContain('0 signed with 2 keys, 2 left');
    for (const keys of ['next.pub', 'theirs.pub:own.pub']) {
      expect((await get(keys)).output).toContain('signature checked');
    }
    expect((await get('theirs.pub')).output).toContain('[not-signed]');
    const { output } = await btfdepot(['fsck', '--data', 'data'], folder);
    expect(output).toContain('0 findings');
  });

  test('a key is not overwritten, and an invalid one is reported', async () => {
    expect(await btfdepot(['key', 'create', 'own'], folder)).toMatchObject({ code: 1 });
    const keys = ['--data', 'data', '--all', '--keys', 'own.pub'];
    const { code, output } = await btfdepot(['resign', ...keys], folder);
    expect(output).toMatch(/BTFDEPOT_SIGNING_KEYS.*own\.pub.*not a secret key/);
    expect(code).toBe(1);
  });
});
