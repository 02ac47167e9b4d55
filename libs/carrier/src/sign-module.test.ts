import { FormatError } from '@btf-depot/bytes';
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import {
  certificatePem,
  checkSigner,
  isSigned,
  signModule,
  signModuleBy,
  unsigned,
} from './index.ts';

const folder = testFolder({ atOnce: true });

const module = new TextEncoder().encode('a module '.repeat(100));
const absent = spawnSync('openssl', ['version']).status !== 0 && process.env.CI !== 'true';

function makeKeys(name: string, kind: readonly string[]) {
  // vitest also runs the body of a skipped `describe`.
  if (absent) return { key: '', certificate: '' };
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const subject = ['-subj', '/O=BTF Depot/CN=Build key of a kernel'];
  const into = ['-keyout', key, '-out', certificate, '-nodes', '-days', '30'];
  execFileSync('openssl', ['req', '-x509', '-newkey', ...kind, ...subject, ...into], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

describe.skipIf(absent)('a signature (needs openssl to make keys)', () => {
  const rsa = makeKeys('rsa', ['rsa:2048']);
  const ec = makeKeys('ec', ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']);

  it.each([
    ['RSA', rsa],
    ['EC', ec],
  ])('with a key of kind %s is what openssl verifies', (kind, keys) => {
    const signed = signModule(module, { ...keys, hash: 'sha512' });
    expect(signed.subarray(0, module.length)).toEqual(module);
    const length = Buffer.from(signed).readUInt32BE(signed.length - 32);
    const message = signed.subarray(module.length, signed.length - 40);
    expect(message).toHaveLength(length);
    const path = (name: string) => join(folder, `${kind}-${name}`);
    writeFileSync(path('message'), message);
    writeFileSync(path('module'), module);
    writeFileSync(path('certificate'), keys.certificate);
    const args = ['-inform', 'DER', '-in', path('message'), '-content', path('module'), '-binary'];
    const trust = ['-certfile', path('certificate'), '-CAfile', path('certificate')];
    const run = spawnSync(
      'openssl',
      ['cms', '-verify', ...args, ...trust, '-purpose', 'any', '-out', path('out')],
      { encoding: 'utf8' },
    );
    expect([run.stderr, run.status]).toEqual([expect.stringMatching(/successful/), 0]);
  });

  it('is the same each time with RSA', () => {
    expect(signModule(module, rsa)).toEqual(signModule(module, rsa));
  });

  it('is recognised, and not added twice', () => {
    const signed = signModule(module, rsa);
    expect([isSigned(module), isSigned(signed)]).toEqual([false, true]);
    expect(codeOf(() => signModule(signed, rsa))).toBe('carrier-signed');
    expect(unsigned(signed)).toEqual(module);
    expect(unsigned(module)).toBe(module);
  });

  /** openssl as a signer that has the key, and gets only the digest. */
  const openssl = (key: string) => (digest: Uint8Array, hash: string) => {
    const path = join(folder, 'elsewhere.key');
    writeFileSync(path, key);
    const args = ['pkeyutl', '-sign', '-inkey', path, '-pkeyopt', `digest:${hash}`];
    return Promise.resolve(new Uint8Array(execFileSync('openssl', args, { input: digest })));
  };

  it('by a signer elsewhere is the one that the key itself makes', async () => {
    const { key, certificate } = rsa;
    const signed = await signModuleBy(module, { certificate, hash: 'sha512' }, openssl(key));
    expect(signed).toEqual(signModule(module, { ...rsa, hash: 'sha512' }));
    const ofEc = await signModuleBy(module, { certificate: ec.certificate }, openssl(ec.key));
    expect(unsigned(ofEc)).toEqual(module);
  });

  it('is the same for a certificate that is DER, as kernel builds write signing_key.x509', () => {
    const der = new X509Certificate(rsa.certificate).raw;
    const { key } = rsa;
    expect(signModule(module, { key, certificate: certificatePem(der) })).toEqual(
      signModule(module, rsa),
    );
    expect(certificatePem(Buffer.from(rsa.certificate))).toBe(rsa.certificate);
  });

  it('by a signer elsewhere is refused where another key made it', async () => {
    const { certificate } = rsa;
    for (const sign of [openssl(ec.key), () => Promise.resolve(new Uint8Array(256))]) {
      await expect(signModuleBy(module, { certificate }, sign)).rejects.toMatchObject({
        code: 'carrier-key',
      });
    }
  });

  it.each([
    ['a key of another certificate', { key: ec.key, certificate: rsa.certificate }],
    ['a key that is none', { key: 'PEM', certificate: rsa.certificate }],
    ['a certificate that is none', { key: rsa.key, certificate: rsa.key }],
  ])('is refused with %s', (_, keys) => {
    expect(codeOf(() => signModule(module, keys))).toBe('carrier-key');
    expect(codeOf(() => checkSigner(keys))).toBe('carrier-key');
  });
});
