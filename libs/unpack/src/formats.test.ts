import { gzipSync, zstdCompressSync } from 'node:zlib';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { bzImageFile, cpioFile } from '@btf-depot/testing/packages';
import { testWith } from '@btf-depot/testing/programs';
import { filtered, Workshop } from '@btf-depot/testing/workshop';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { fitFile } from './testing/images.ts';
import { codeOf, unpackBytes } from './testing/in-memory.ts';
import { armImage, executableKernel, moduleFile } from './testing/kernels.ts';

const buildId = buildIdOf('formats');
const kernel = executableKernel(buildId);
const image = armImage(buildId);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const tree = Buffer.from('d00dfeed00000100'.padEnd(512, '0'), 'hex');

let shop: Workshop;

beforeAll(() => {
  shop = new Workshop();
});

afterAll(() => shop[Symbol.dispose]());

async function expectFound(bytes: Uint8Array, original: Uint8Array = image): Promise<void> {
  const { files } = await unpackBytes(bytes);
  expect(files.map(({ kind }) => kind)).toEqual([original === image ? 'image' : 'elf']);
  expect(files[0]?.bytes).toEqual(new Uint8Array(original));
}

/** Named as kernel builds call these programs. */
const PACKERS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => filtered(bytes, ['gzip', '-9nc']),
  zstd: (bytes) => filtered(bytes, ['zstd', '-q', '-19', '-c']),
  xz: (bytes) => filtered(bytes, ['xz', '--check=crc32', '-c']),
  lz4: (bytes) => filtered(bytes, ['lz4', '-q', '-l', '-9', '-c']),
  'lz4 frame': (bytes) => filtered(bytes, ['lz4', '-q', '-9', '-c']),
  lzma: (bytes) => filtered(bytes, ['xz', '--format=lzma', '-9', '-c']),
  'lzma of OpenWrt': (bytes) =>
    filtered(bytes, ['xz', '--format=lzma', '--lzma1=dict=8MiB,lc=1,lp=2,pb=2', '-c']),
  bzip2: (bytes) => filtered(bytes, ['bzip2', '-9c']),
  lzo: (bytes) => filtered(bytes, ['lzop', '-9c']),
};
const programOf = (packer: string): string =>
  ({ lzma: 'xz', lzo: 'lzop' })[packer.split(' ')[0] ?? ''] ?? packer.split(' ')[0] ?? '';

function sizeOf(bytes: Uint8Array): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return size;
}

describe('an EFI zboot image has its kernel, whatever the compression', () => {
  /** drivers/firmware/efi/libstub: the header does not count the appended size. */
  function zboot(packed: Uint8Array, size: Uint8Array, offset = 0x400): Uint8Array {
    const head = Buffer.alloc(offset);
    head.write('MZ\0\0zimg', 'latin1');
    head.writeUInt32LE(offset, 8);
    head.writeUInt32LE(packed.length, 12);
    head.writeUInt32LE(0x40, 0x3c);
    head.write('PE\0\0', 0x40, 'latin1');
    return joined(head, packed, size, new Uint8Array(256));
  }

  for (const [name, pack] of Object.entries(PACKERS)) {
    testWith([programOf(name)], name, async () => {
      if (name === 'lzma of OpenWrt') return;
      const appended = name === 'gzip' ? new Uint8Array() : sizeOf(image);
      await expectFound(zboot(pack(image), appended));
      await expectFound(zboot(pack(image), appended, 0x1000));
    });
  }

  test('a wrong size is a fault', async () => {
    const wrong = zboot(zstdCompressSync(image), sizeOf(kernel));
    expect(await codeOf(unpackBytes(wrong))).toMatch(/^zstd-(truncated|corrupt)$/);
  });
});

describe('a kernel that something follows', () => {
  const BEHIND = {
    'a device tree': tree,
    'a page of zeros': new Uint8Array(4096),
    'a signature': Buffer.from('AVBf'.padEnd(64, '\0')),
  };
  for (const [name, pack] of Object.entries(PACKERS)) {
    if (name === 'lzma of OpenWrt') continue;
    testWith([programOf(name)], `Image.${name} and what may be behind it`, async () => {
      for (const rest of Object.values(BEHIND)) {
        const { files, passedOver } = await unpackBytes(joined(pack(image), rest));
        expect(files[0]?.bytes).toEqual(image);
        // In .xz, zeros after a stream are padding.
        if (!(name === 'xz' && rest.length === 4096)) {
          expect(passedOver.map(({ code }) => code)).toEqual(['trailing-bytes']);
        }
      }
    });
  }
});

describe("U-Boot's images", () => {
  const COMPRESSIONS = {
    none: (bytes: Uint8Array) => bytes,
    gzip: PACKERS.gzip,
    bzip2: PACKERS.bzip2,
    lzma: PACKERS['lzma of OpenWrt'],
    lzo: PACKERS.lzo,
    lz4: PACKERS['lz4 frame'],
    zstd: PACKERS.zstd,
  };
  for (const [method, pack] of Object.entries(COMPRESSIONS)) {
    const programs = ['mkimage', ...(method === 'none' ? [] : [programOf(method)])];
    testWith(programs, `uImage, ${method}`, async () => {
      shop.write({ kernel: pack?.(image) ?? image });
      const flags = ['-A', 'arm64', '-O', 'linux', '-T', 'kernel', '-C', method, '-n', 'Linux'];
      shop.run('mkimage', ...flags, '-d', 'kernel', 'uImage');
      await expectFound(joined(shop.read('uImage'), Buffer.from('rootfs'.repeat(100))));
    });

    testWith([...programs, 'dtc'], `FIT, ${method}, data inside and outside`, async () => {
      shop.write({ kernel: pack?.(image) ?? image, 'a.dtb': tree, 'kernel.its': itsOf(method) });
      for (const flags of [[], ['-E'], ['-E', '-p', '0x4000']]) {
        shop.run('mkimage', '-f', 'kernel.its', ...flags, 'kernel.itb');
        await expectFound(shop.read('kernel.itb'));
      }
    });
  }

  testWith(['mkimage', 'gzip'], 'uImage of several files has the kernel first', async () => {
    shop.write({ kernel: PACKERS.gzip?.(image) ?? image, initrd: 'initrd' });
    const flags = ['-A', 'arm', '-O', 'linux', '-T', 'multi', '-C', 'gzip'];
    shop.run('mkimage', ...flags, '-d', 'kernel:initrd', 'uImage');
    await expectFound(shop.read('uImage'));
  });

  it('a device tree that does not say what is in it is searched', async () => {
    const undescribed = fitFile({ description: 'x', data: gzipSync(image) });
    await expectFound(undescribed);
    const broken = new Uint8Array(undescribed);
    broken.fill(0xff, 56, 60);
    await expectFound(broken);
    expect(await codeOf(unpackBytes(tree))).toBe('fit-corrupt');
  });

  function itsOf(method: string): string {
    const kernelNode = `kernel-1 { description = "Linux"; data = /incbin/("kernel"); type = "kernel";
      arch = "arm64"; os = "linux"; compression = "${method}"; load = <0x80000>; entry = <0x80000>;
      hash-1 { algo = "crc32"; }; };`;
    return `/dts-v1/; / { description = "FIT"; #address-cells = <1>; images {
      fdt-1 { description = "tree"; data = /incbin/("a.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none"; };
      ${kernelNode} };
      configurations { default = "c"; c { kernel = "kernel-1"; fdt = "fdt-1"; }; }; };`;
  }
});

describe("Android's images", () => {
  const RAMDISK = cpioFile([{ name: 'lib/modules/a.ko', bytes: moduleFile }]);

  for (const version of [0, 1, 2, 3, 4]) {
    testWith(['mkbootimg', 'lz4', 'gzip'], `boot.img, header version ${version}`, async () => {
      // Version 4 has one more field at its end than 3; older programs do not write it.
      const made = `${Math.min(version, 3)}`;
      for (const [name, bytes] of Object.entries({
        'Image.lz4': PACKERS.lz4?.(image) ?? image,
        'Image.gz': gzipSync(image),
        Image: image,
        'Image.gz-dtb': joined(gzipSync(image), tree),
        'Image.lz4-dtb': joined(PACKERS.lz4?.(image) ?? image, tree),
      })) {
        shop.write({ [name]: bytes, ramdisk: gzipSync(RAMDISK), dtb: tree });
        const flags = ['--kernel', name, '--ramdisk', 'ramdisk', '--header_version', made];
        const dtb = version === 2 ? ['--dtb', 'dtb'] : [];
        shop.run('mkbootimg', ...flags, ...dtb, '-o', 'boot.img');
        const bytesOfImage = shop.read('boot.img');
        bytesOfImage.writeUInt32LE(version, 40);
        const { files, kinds } = await unpackBytes(bytesOfImage);
        expect([name, kinds]).toEqual([name, ['image']]);
        // A raw Image as it lies in the boot image, up to the end of its page or not.
        expect(Buffer.from(files[0]?.bytes ?? []).subarray(0, image.length)).toEqual(
          Buffer.from(image),
        );
      }
    });
  }

  testWith(['mkbootimg'], 'boot.img of another page size, and without a kernel', async () => {
    shop.write({ Image: image, ramdisk: gzipSync(RAMDISK) });
    const flags = ['--kernel', 'Image', '--header_version', '1', '--pagesize', '16384'];
    shop.run('mkbootimg', ...flags, '-o', 'boot.img');
    await expectFound(shop.read('boot.img'));
    const initBoot = shop.read('boot.img').fill(0, 8, 12);
    await expect(unpackBytes(initBoot)).rejects.toThrow('a ramdisk and no kernel');
  });

  testWith(
    ['mkbootimg'],
    "headers from before versions have a device tree in the version's place",
    async () => {
      shop.write({ Image: image });
      shop.run('mkbootimg', '--kernel', 'Image', '--header_version', '0', '-o', 'boot.img');
      const bytes = shop.read('boot.img');
      bytes.writeUInt32LE(0x21000, 40);
      await expectFound(bytes);
    },
  );

  test('an unknown version is reported', async () => {
    const bytes = Buffer.alloc(8192);
    bytes.write('ANDROID!');
    bytes.writeUInt32LE(100, 8);
    bytes.writeUInt32LE(5, 40);
    await expect(unpackBytes(bytes)).rejects.toThrow('header version 5, versions 0 to 4 are known');
  });

  for (const version of [3, 4]) {
    testWith(['mkbootimg', 'lz4'], `vendor_boot.img ${version} has modules`, async () => {
      for (const ramdisk of [PACKERS.lz4?.(RAMDISK) ?? RAMDISK, gzipSync(RAMDISK), RAMDISK]) {
        shop.write({ ramdisk, dtb: tree });
        const flags = [
          '--vendor_ramdisk',
          'ramdisk',
          '--dtb',
          'dtb',
          '--vendor_boot',
          'vendor.img',
        ];
        shop.run('mkbootimg', '--header_version', `${version}`, ...flags);
        expect(shop.read('vendor.img').readUInt32LE(8)).toBe(version);
        expect((await unpackBytes(shop.read('vendor.img'))).kinds).toEqual(['module']);
      }
    });
  }
});

describe('a unified kernel image', () => {
  const STUB = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub';
  const standalone = kernelFile({ buildId: buildIdOf('a module'), ballast: 50 });
  const cpio = (bytes: Uint8Array) => cpioFile([{ name: 'lib/a.ko', bytes }]);
  const INITRDS = {
    'modules that are compressed': cpio(zstdCompressSync(standalone)),
    'modules as they are': cpio(standalone),
    'a stream with modules': zstdCompressSync(cpio(standalone)),
    'modules that say that they are': cpio(moduleFile),
  };

  for (const [what, initrd] of Object.entries(INITRDS)) {
    testWith(
      ['objcopy', `test -e ${STUB}`],
      `has the kernel of .linux, beside ${what}`,
      async () => {
        shop.write({ cmdline: 'quiet', uname: '6.12.0-test', initrd });
        for (const vmlinuz of [bzImageFile(kernel), gzipSync(kernel), image]) {
          shop.write({ vmlinuz });
          for (const order of [
            ['initrd', 'linux'],
            ['linux', 'initrd'],
          ]) {
            const sections = ['cmdline', 'uname', ...order].flatMap((name, index) => [
              '--add-section',
              `.${name}=${name === 'linux' ? 'vmlinuz' : name}`,
              '--change-section-vma',
              `.${name}=0x${(0x8000000 + 0x1000000 * index).toString(16)}`,
            ]);
            shop.run('objcopy', ...sections, STUB, 'uki.efi');
            const { files, passedOver } = await unpackBytes(shop.read('uki.efi'));
            expect(files[0]?.bytes).toEqual(new Uint8Array(vmlinuz === image ? image : kernel));
            expect(files).toHaveLength(1);
            expect(passedOver).toContainEqual(expect.objectContaining({ code: 'initrd' }));
          }
        }
      },
    );
  }

  it('without .linux has none, whatever is in its initrd', async () => {
    const bytes = joined(
      Buffer.from('MZ'.padEnd(2000, '\0')),
      INITRDS['modules that are compressed'],
    );
    expect(await codeOf(unpackBytes(bytes))).toBe('unpack-nothing');
  });
});
