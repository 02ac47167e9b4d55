import { readFile } from 'node:fs/promises';
import { bytesSource } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { provideImage } from '@btf-depot/kernels';
import { provided } from '@btf-depot/services/provision';
import { zbootFile } from '@btf-depot/testing/packages';
import { filtered } from '@btf-depot/testing/workshop';
import { describe, expect, it } from 'vitest';
import { readImage } from '../index.ts';
import { releaseIn } from './raw-image.ts';
import { codeOf, unpackBytes } from '../testing/in-memory.ts';

type ImageName = Parameters<typeof provideImage>[0];

/** The package; without it the test is skipped with the reason. */
async function packageOf(name: ImageName, skip: (why: string) => never): Promise<string> {
  const found = await provided(() => provideImage(name));
  return 'absent' in found ? skip(found.absent) : found.value;
}

const unpackFile = async (path: string) => unpackBytes(new Uint8Array(await readFile(path)));

/** The image in a package, as dpkg-deb and tar extract it. */
function vmlinuzOf(deb: string): Uint8Array {
  const tar = filtered(new Uint8Array(), ['dpkg-deb', '--fsys-tarfile', deb]);
  return filtered(tar, ['tar', '-xO', '--wildcards', '*/vmlinuz']);
}

/** The payload that the image's header names, unpacked by zstd. */
function payloadOf(zboot: Uint8Array): Uint8Array {
  const view = new DataView(zboot.buffer, zboot.byteOffset);
  const [offset, length] = [view.getUint32(8, true), view.getUint32(12, true)];
  return filtered(zboot.slice(offset, offset + length), ['zstd', '-dqc']);
}

/** An EFI zboot image of a real kernel, as Makefile.zboot packs it. */
function zbootOf(image: Uint8Array, command: string[]): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(image.length);
  return zbootFile(filtered(image, command), size);
}

describe("Debian's images that no other kernel here is like", () => {
  it('arm64: the Image is found byte for byte, with BTF and build ID, in EFI zboot too', async ({
    skip,
  }) => {
    const deb = await packageOf('arm64', skip);
    const vmlinuz = vmlinuzOf(deb);
    const found = [await unpackFile(deb)];
    for (const command of [
      ['zstd', '-q', '-3', '-c'],
      ['xz', '--check=crc32', '-0', '-c'],
      ['lz4', '-q', '-l', '-c'],
      ['xz', '--format=lzma', '-0', '-c'],
    ]) {
      found.push(await unpackBytes(zbootOf(vmlinuz, command)));
    }
    for (const { files } of found) {
      expect(files.map(({ kind }) => kind)).toEqual(['image']);
      expect(Buffer.compare(files[0]?.bytes ?? new Uint8Array(), vmlinuz)).toBe(0);
    }
    expect(readImage(bytesSource(vmlinuz))).toMatchObject({
      arch: 'aarch64',
      release: expect.stringMatching(/^7\..*-arm64$/) as string,
      buildId: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    });
  });

  it('loong64: EFI zboot of zstd, its size behind it, is read to its kernel, which has no BTF inside', async ({
    skip,
  }) => {
    const deb = await packageOf('loong64', skip);
    const kernel = bytesSource(payloadOf(vmlinuzOf(deb)));
    const release = releaseIn(kernel) ?? '';
    expect(release).toMatch(/-loong64$/);
    expect(readImage(kernel)).toBeUndefined();
    await expect(unpackFile(deb)).rejects.toThrow(`contains Linux ${release} without BTF`);
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
