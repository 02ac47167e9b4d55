import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withSection } from '@btf-depot/carrier/testing';
import { SectionFlag, SectionType } from '@btf-depot/elf';
import { buildIdOf, loadableKernel } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const buildId = buildIdOf('carrier with code');

describe('a module with code, a relocation that makes it run, and the BTF of the depot', () => {
  const folder = testFolder();
  let depot: StartedDepot;
  const tokens: Record<string, string> = {};
  const get = async (name: string) => {
    const response = await fetch(`${depot.url}/v1/kernels/${buildId}/${name}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const stored = async () =>
    (await readdir(join(folder, 'data/blobs'), { recursive: true })).sort();

  beforeAll(async () => {
    for (const name of ['farm', 'stranger']) {
      const { output } = await btfdepot(
        ['token', 'create', name, '--data', 'data', '--json'],
        folder,
      );
      tokens[name] = (JSON.parse(output) as { token: string }).token;
    }
    await btfdepot(['key', 'create', 'depot'], folder);
    depot = await startDepot(join(folder, 'data'), {
      BTFDEPOT_TOKENS: 'uploads',
      BTFDEPOT_SIGNING_KEYS: join(folder, 'depot.sec'),
    });
    const { vmlinux, full } = loadableKernel(buildId);
    await writeFile(join(folder, 'vmlinux'), vmlinux);
    await writeFile(join(folder, 'full.btf'), full);
    const { code, output } = await push('farm', 'vmlinux', '--full', 'full.btf');
    expect([code, output]).toEqual([0, expect.stringContaining('ready')]);
  });

  afterAll(() => depot.stop());

  const push = (as: string, ...args: string[]) =>
    btfdepot(['push', '--url', depot.url, ...args], folder, { BTFDEPOT_TOKEN: tokens[as] ?? '' });

  test.each([
    ['farm', 'unsafe-carrier'],
    ['stranger', 'not-owner'],
  ])('is refused with a token of the %s (%s), and nothing changes', async (as, code) => {
    const honest = await get('btf_vmlinux.ko');
    const before = [await get('manifest'), await get('manifest.sig'), await stored()];
    const flags = SectionFlag.ALLOC | SectionFlag.EXECINSTR;
    const start = { name: '.init.text', flags, bytes: Uint8Array.of(0x31, 0xc0, 0xc3) };
    const relocation = {
      name: '.rela.gnu.linkonce.this_module',
      type: SectionType.RELA,
      align: 8,
      entrySize: 24,
      bytes: new Uint8Array(24),
    };
    const attack = withSection(withSection(honest, start), relocation, '.gnu.linkonce.this_module');
    await writeFile(join(folder, 'attack.ko'), attack);
    const { code: status, output } = await push(as, 'attack.ko', '--build-id', buildId);
    expect([status, output]).toEqual([1, expect.stringContaining(`[${code}]`)]);
    expect([await get('manifest'), await get('manifest.sig'), await stored()]).toEqual(before);
    expect(await get('btf_vmlinux.ko')).toEqual(honest);
  });
});
