import { createToken, type NewToken } from '@btf-depot/depot';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { bzImageFile, debFile, rpmFile } from '@btf-depot/testing/packages';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({ BTFDEPOT_TOKENS: 'uploads', BTFDEPOT_TOKEN_AGE: '0.1' });
});

afterAll(() => ingest.stop());

async function tokenOf(owner: string, options: Partial<NewToken> = {}): Promise<string> {
  const createdAt = new Date().toISOString();
  const named = { name: owner, owner, scopes: ['upload'], createdAt };
  const { text, token } = createToken({ ...named, ...options });
  await ingest.tokens.put(token);
  return text;
}

async function send(token: string, kernel: Uint8Array, query = ''): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  const body = new Uint8Array(kernel);
  const { status } = await fetch(`${ingest.url}/v1/kernels${query}`, {
    method: 'POST',
    headers,
    body,
  });
  return status;
}

const UBUNTU = 'Ubuntu Kernel Team <kernel-team@lists.ubuntu.com>';

function debOf(seed: string, maintainer: string, banner = ''): Uint8Array {
  const rodata = Buffer.from(`${banner}\0`, 'latin1');
  const kernel = bzImageFile(kernelFile({ buildId: buildIdOf(seed), rodata }));
  const members = [{ name: './boot/vmlinuz-6.8.0-45-generic', bytes: kernel }];
  return debFile({ maintainer, members });
}

const distroOf = async (seed: string) => {
  const { distro, distroFrom, release } = (await ingest.record(buildIdOf(seed))) ?? {};
  return { distro, distroFrom, release };
};

describe('distribution and release are read', () => {
  test("from a package's maintainer and the kernel's name in it", async () => {
    await send(await tokenOf('farm'), debOf('deb', UBUNTU));
    expect(await distroOf('deb')).toEqual({
      distro: 'ubuntu',
      distroFrom: 'package',
      release: '6.8.0-45-generic',
    });
  });

  test('from the header of an .rpm', async () => {
    const kernel = kernelFile({ buildId: buildIdOf('rpm') });
    const members = [{ name: './lib/modules/6.12.1-1.fc41.x86_64/vmlinux', bytes: kernel }];
    await send(await tokenOf('farm'), rpmFile(members, { vendor: 'Fedora Project' }));
    expect(await distroOf('rpm')).toEqual({
      distro: 'fedora',
      distroFrom: 'package',
      release: '6.12.1-1.fc41.x86_64',
    });
  });

  test("from vmlinux's banner, whose release counts more than a name", async () => {
    const banner = 'Linux version 6.12.9-amd64 (debian-kernel@lists.debian.org) (gcc) #1 SMP';
    await send(await tokenOf('farm'), debOf('banner', 'root <root@debian>', banner));
    expect(await distroOf('banner')).toEqual({
      distro: 'debian',
      distroFrom: 'banner',
      release: '6.12.9-amd64',
    });
  });
});

describe('a distribution that a package says', () => {
  test('gives way to the one that is named, also when the same file is sent again', async () => {
    const farm = await tokenOf('farm');
    const file = debOf('named later', UBUNTU);
    expect(await send(farm, file)).toBe(201);
    expect(await send(farm, file, '?distro=mint-22')).toBe(200);
    expect(await distroOf('named later')).toMatchObject({ distro: 'mint-22' });
    expect((await distroOf('named later')).distroFrom).toBeUndefined();
    // What was named once stays.
    expect(await send(farm, file, '?distro=other')).toBe(200);
    expect(await distroOf('named later')).toMatchObject({ distro: 'mint-22' });
  });

  test('is no right: a limited token stamps its own, and touches no record by it', async () => {
    const assigned = await tokenOf('canonical', { distro: 'ubuntu' });
    const debian = await tokenOf('debian', { distro: 'debian' });
    expect(await send(debian, debOf('stamped', UBUNTU))).toBe(201);
    expect(await distroOf('stamped')).toMatchObject({ distro: 'debian' });
    expect((await distroOf('stamped')).distroFrom).toBeUndefined();
    // A stranger's kernel whose package says ubuntu, and a claim with the token for ubuntu.
    expect(await send(await tokenOf('stranger'), debOf('squat', UBUNTU))).toBe(201);
    const btf = kernelFile({ buildId: undefined });
    expect(await send(assigned, btf, `?buildId=${buildIdOf('squat')}`)).toBe(403);
    expect(await distroOf('squat')).toMatchObject({ distro: 'ubuntu', distroFrom: 'package' });
    // With the kernel itself the assigned token takes it, as it takes any.
    expect(await send(assigned, debOf('squat', 'nobody'))).toBe(201);
    expect((await ingest.record(buildIdOf('squat')))?.owner?.principal).toBe('canonical');
    expect((await distroOf('squat')).distroFrom).toBeUndefined();
  });
});
