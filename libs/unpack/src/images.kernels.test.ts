import { readFile } from 'node:fs/promises';
import { bytesSource } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { provideImage } from '@btf-depot/kernels';
import { provided } from '@btf-depot/services/provision';
import { filtered } from '@btf-depot/testing/workshop';
import { describe, expect, it } from 'vitest';
import { readImage, releaseIn } from './index.ts';
import { codeOf, unpackBytes } from './testing/in-memory.ts';

type ImageName = Parameters<typeof provideImage>[0];

/** The package; the test is skipped, with the reason, where it cannot be had. */
async function packageOf(name: ImageName, skip: (why: string) => never): Promise<string> {
  const found = await provided(() => provideImage(name));
  return 'absent' in found ? skip(found.absent) : found.value;
}

const unpackFile = async (path: string) => unpackBytes(new Uint8Array(await readFile(path)));

/** The only file of a package as dpkg-deb gives it: an EFI zboot image. */
function zbootOf(deb: string): Uint8Array {
  const tar = filtered(new Uint8Array(), ['dpkg-deb', '--fsys-tarfile', deb]);
  const files = ['tar', '-xO', '--wildcards', '*/vmlinuz'];
  return filtered(tar, files);
}

/** What the program that the image's header names makes of the payload. */
function payloadOf(zboot: Uint8Array): Uint8Array {
  const view = new DataView(zboot.buffer, zboot.byteOffset);
  const [offset, length] = [view.getUint32(8, true), view.getUint32(12, true)];
  const isZstd = Buffer.from(zboot.subarray(24, 28)).toString() === 'zstd';
  return filtered(zboot.slice(offset, offset + length), [isZstd ? 'zstd' : 'gzip', '-dqc']);
}

describe("Debian's images that no other kernel here is like", () => {
  it('arm64: EFI zboot has the kernel, byte for byte, with BTF and build ID', async ({ skip }) => {
    const deb = await packageOf('arm64zboot', skip);
    const { files } = await unpackFile(deb);
    expect(files.map(({ kind }) => kind)).toEqual(['image']);
    const bytes = files[0]?.bytes ?? new Uint8Array();
    expect(Buffer.compare(bytes, payloadOf(zbootOf(deb)))).toBe(0);
    expect(readImage(bytesSource(bytes))).toMatchObject({
      arch: 'aarch64',
      release: expect.stringMatching(/^7\..*-arm64$/) as string,
      buildId: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    });
  });

  it('loong64: EFI zboot of zstd, its size behind it, is read to its kernel, which has no BTF inside', async ({
    skip,
  }) => {
    const deb = await packageOf('loong64', skip);
    const kernel = bytesSource(payloadOf(zbootOf(deb)));
    const release = releaseIn(kernel) ?? '';
    expect(release).toMatch(/-loong64$/);
    expect(readImage(kernel)).toBeUndefined();
    await expect(unpackFile(deb)).rejects.toThrow(`Linux ${release} is in it, without BTF`);
    expect(await codeOf(unpackFile(deb))).toBe('unpack-nothing');
  });

  it('user-mode Linux: the kernel is a program', async ({ skip }) => {
    const { files } = await unpackFile(await packageOf('uml', skip));
    const kernel = files.find(({ name }) => name === './usr/bin/linux.uml');
    expect(kernel?.kind).toBe('elf');
    const elf = readElf(bytesSource(kernel?.bytes ?? new Uint8Array()));
    expect(elf.buildId()).toMatch(/^[0-9a-f]{40}$/);
    expect(files.filter(({ kind }) => kind === 'module')).toHaveLength(1);
  });
});
