import { signModule } from '@btf-depot/carrier';
import { run } from '@btf-depot/services/provision';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { command } from '../index.ts';

const folder = testFolder();

it("is byte for byte what the kernel's own sign-file writes, for RSA", async () => {
  const [key, certificate, module] = ['key', 'certificate', 'module.ko'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const request = ['req', '-x509', '-newkey', 'rsa:4096', '-nodes', '-days', '30'];
  const names = ['-subj', '/O=BTF Depot/CN=Build key', '-keyout', key, '-out', certificate];
  execFileSync('openssl', [...request, ...names], { stdio: 'ignore' });
  const bytes = new TextEncoder().encode('a module '.repeat(1000));
  writeFileSync(module, bytes);
  const path = 'usr/lib/linux-kbuild-6.1/scripts/sign-file';
  const [loader, ...first] = await command('kbuild', path);
  for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
    await run(loader, [...first, hash, key, certificate, module, `${module}.${hash}`]);
    const keys = {
      key: readFileSync(key, 'utf8'),
      certificate: readFileSync(certificate, 'utf8'),
    };
    const ours = signModule(bytes, { ...keys, hash });
    expect(Buffer.from(ours).equals(readFileSync(`${module}.${hash}`))).toBe(true);
  }
});
