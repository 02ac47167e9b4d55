import { gzipSync, zstdCompressSync } from 'node:zlib';
import { bytesSource } from '@btf-depot/bytes';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { bzImageFile, debFile, rpmFile, tarFile, zbootFile } from '@btf-depot/testing/packages';
import { describe, expect, it, test } from 'vitest';
import { readImage } from './index.ts';
import { codeOf, unpackBytes } from './testing/in-memory.ts';
import { armImage, executableKernel, moduleFile } from './testing/kernels.ts';

const buildId = buildIdOf('unpack');
const kernel = executableKernel(buildId);
const systemMap = Buffer.from('ffffffff81000000 T _text\n'.repeat(100));
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe('a kernel is found in', () => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(kernel.length);
  const wrapped: Record<string, () => Uint8Array> = {
    'the file itself': () => kernel,
    gzip: () => gzipSync(kernel),
    'a bzImage': () => bzImageFile(kernel),
    'a bzImage of another compression': () =>
      bzImageFile(kernel, joined(zstdCompressSync(kernel), size)),
    'an EFI zboot image': () => zbootFile(gzipSync(kernel)),
    'something that nobody describes': () =>
      joined(Buffer.alloc(5000, 'boot'), gzipSync(kernel), new Uint8Array(70)),
    'a tar': () => tarFile([{ name: 'out/vmlinux', bytes: kernel }]),
    'a tar.zst with a vmlinuz': () =>
      zstdCompressSync(tarFile([{ name: 'boot/vmlinuz-6.12', bytes: bzImageFile(kernel) }])),
    'a .deb': () =>
      debFile({ members: [{ name: './boot/vmlinuz-6.12', bytes: bzImageFile(kernel) }] }),
    'an .rpm': () => rpmFile([{ name: './lib/modules/6.12/vmlinuz', bytes: bzImageFile(kernel) }]),
    'a .deb in a tar.gz': () =>
      gzipSync(
        tarFile([
          {
            name: 'a.deb',
            bytes: debFile({
              members: [{ name: './usr/lib/debug/boot/vmlinux-6.12', bytes: kernel }],
            }),
          },
        ]),
      ),
  };

  it.each(Object.entries(wrapped))('%s', async (_what, build) => {
    const { files } = await unpackBytes(build());
    expect(files.map(({ kind }) => kind)).toEqual(['elf']);
    expect(files[0]?.bytes).toEqual(new Uint8Array(kernel));
  });
});

test('an image package has kernel, module and symbols, and says what it is', async () => {
  const { kinds, packages, files } = await unpackBytes(
    debFile({
      package: 'linux-image-6.12.117',
      version: '6.12.117-1~deb12u1',
      members: [
        { name: './boot/', type: '5' },
        { name: './boot/System.map-6.12', bytes: systemMap },
        { name: './boot/config-6.12', bytes: Buffer.from('CONFIG_X=y\n') },
        { name: './boot/vmlinuz-6.12', bytes: bzImageFile(kernel) },
        { name: './lib/modules/6.12/kernel/a.ko', bytes: moduleFile },
        { name: './lib/modules/6.12/kernel/b.ko', bytes: moduleFile },
      ],
    }),
  );
  expect(kinds).toEqual(['system-map', 'elf', 'module']);
  expect(files[2]?.name).toBe('./lib/modules/6.12/kernel/a.ko');
  expect(packages).toEqual([
    {
      format: 'deb',
      name: 'linux-image-6.12.117',
      version: '6.12.117-1~deb12u1',
      architecture: 'amd64',
    },
  ]);
});

test('an RPM package says what it is', async () => {
  const { packages } = await unpackBytes(
    rpmFile([{ name: 'vmlinuz', bytes: bzImageFile(kernel) }]),
  );
  expect(packages).toEqual([
    { format: 'rpm', name: 'kernel-core', version: '6.12-1.fc41', architecture: 'x86_64' },
  ]);
});

test('only wanted members are unpacked', async () => {
  const ballast = new Uint8Array(3_000_000);
  const { stored } = await unpackBytes(
    debFile({
      members: [
        { name: './boot/initrd.img', bytes: ballast },
        { name: './usr/lib/debug/boot/vmlinux-6.12', bytes: kernel },
        { name: './usr/lib/debug/lib/modules/6.12/a.ko', bytes: ballast },
      ],
    }),
  );
  expect(stored).toBe(kernel.length);
});

test('the name is long: ustar with a prefix, GNU, pax', async () => {
  const folder = `${'a'.repeat(60)}/${'b'.repeat(60)}`;
  const name = `${folder}/vmlinux`;
  const record = `path=${name}\n`;
  const pax = `${record.length + 4} ${record}`;
  for (const before of [
    { name: '././@LongLink', type: 'L', bytes: Buffer.from(`${name}\0`) },
    { name: 'pax', type: 'x', bytes: Buffer.from(pax) },
  ]) {
    const archive = tarFile([before, { name: 'short', bytes: kernel }]);
    expect((await unpackBytes(archive)).files[0]?.name).toBe(name);
  }
});

test('a raw image shows its BTF, release, and its own build ID, not that of a vDSO', async () => {
  const image = armImage(buildId);
  expect((await unpackBytes(gzipSync(image))).kinds).toEqual(['image']);
  const found = readImage(bytesSource(image));
  expect(found).toMatchObject({
    arch: 'aarch64',
    buildId,
    release: '6.12.0-test',
    endian: 'little',
  });
  const { offset, length } = found?.btf ?? { offset: 0, length: 0 };
  expect(image.subarray(offset, offset + length)).toEqual(kernelBtf());
});

test.each([
  ['text', Buffer.from('root:x:0:0:root:/root:/bin/bash\n')],
  ['nothing', new Uint8Array()],
  ['a package without a kernel', debFile({ members: [{ name: './usr/bin/true', bytes: kernel }] })],
])('%s has nothing of use', async (_what, bytes) => {
  expect(await codeOf(unpackBytes(bytes))).toBe('unpack-nothing');
});
