import { gzipSync, zstdCompressSync } from 'node:zlib';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { bzImageFile, rpmFile, tarFile } from '@btf-depot/testing/packages';
import { testWith } from '@btf-depot/testing/programs';
import { filtered, Workshop } from '@btf-depot/testing/workshop';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, unpackBytes } from './testing/in-memory.ts';
import { executableKernel, moduleFile } from './testing/kernels.ts';

const kernel = executableKernel(buildIdOf('archives'));
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

let shop: Workshop;

beforeAll(() => {
  shop = new Workshop();
});

afterAll(() => shop[Symbol.dispose]());

describe('hard links in an archive', () => {
  const LAYOUTS = {
    'an object of ostree': [
      'sysroot/ostree/repo/objects/a2/69745d.file',
      'usr/lib/modules/6.9/vmlinuz',
    ],
    'a file by its build ID': [
      'usr/lib/debug/.build-id/54/81.debug',
      'usr/lib/debug/boot/vmlinux-6.9',
    ],
  };
  for (const [what, [object = '', path = '']] of Object.entries(LAYOUTS)) {
    for (const format of ['gnu', 'pax', 'ustar']) {
      testWith(['tar'], `tar, ${format}: ${what}, before and after its name`, async () => {
        shop.remove('root');
        shop.write({ [`root/${object}`]: kernel, 'root/usr/share/doc/x': 'text' });
        shop.link(`root/${object}`, `root/${path}`);
        for (const names of [
          [object, path],
          [path, object],
          ['./usr', './sysroot'].filter(
            (name) => object.startsWith(name.slice(2)) || path.startsWith(name.slice(2)),
          ),
        ]) {
          const plain = shop.run('tar', '-C', 'root', `--format=${format}`, '-cf', '-', ...names);
          for (const bytes of [plain, gzipSync(plain), zstdCompressSync(plain)]) {
            const { files } = await unpackBytes(bytes);
            expect(
              files.map(({ name, bytes: found }) => [name?.split('/').at(-1), found.length]),
            ).toEqual([[path.split('/').at(-1), kernel.length]]);
          }
        }
      });
    }
  }

  testWith(['tar'], 'a long name, and a link to it', async () => {
    shop.remove('root');
    const object = `objects/${'o'.repeat(120)}/${'p'.repeat(120)}`;
    const path = `lib/${'m'.repeat(150)}/vmlinuz`;
    shop.write({ [`root/${object}`]: kernel });
    shop.link(`root/${object}`, `root/${path}`);
    for (const format of ['gnu', 'pax']) {
      const bytes = shop.run('tar', '-C', 'root', `--format=${format}`, '-cf', '-', object, path);
      expect((await unpackBytes(bytes)).files.map(({ name }) => name)).toEqual([path]);
    }
  });

  it('to another hard link leads to the bytes, as tar unpacks it', async () => {
    const bytes = tarFile([
      { name: './x/a', bytes: kernel },
      { name: './x/b', type: '1', link: 'x/a' },
      { name: './x/c', type: '1', link: './x/b' },
      { name: 'boot/vmlinuz', type: '1', link: 'x/c' },
    ]);
    const { files, passedOver } = await unpackBytes(bytes);
    expect([files.map(({ name }) => name), passedOver]).toEqual([['boot/vmlinuz'], []]);
  });

  it('to a missing file is reported, and is no fault', async () => {
    const link = { name: 'boot/vmlinuz', type: '1', link: 'objects/gone' };
    const members = [link, { name: 'boot/vmlinux', bytes: kernel }];
    const { files, passedOver } = await unpackBytes(tarFile(members));
    expect(files.map(({ name }) => name)).toEqual(['boot/vmlinux']);
    expect(passedOver).toEqual([
      {
        code: 'dangling-link',
        reason: 'a hard link to "objects/gone", which is not in the archive',
        name: 'boot/vmlinuz',
        count: 1,
      },
    ]);
  });

  it('that say the size of what they link to have no bytes', async () => {
    const members = [
      { name: 'objects/1', bytes: kernel },
      { name: 'boot/vmlinuz', type: '1', link: 'objects/1', size: kernel.length },
      { name: 'end', bytes: Buffer.from('end') },
    ];
    const { files } = await unpackBytes(tarFile(members));
    expect(files.map(({ name, bytes }) => [name, bytes.length])).toEqual([
      ['boot/vmlinuz', kernel.length],
    ]);
  });

  testWith(['cpio'], 'of an RPM have their bytes under the last name', async () => {
    for (const [first, last] of [
      ['boot/vmlinuz', 'zz/object'],
      ['aa/object', 'boot/vmlinuz'],
    ] as const) {
      shop.remove('root');
      shop.write({ [`root/${first}`]: kernel });
      shop.link(`root/${first}`, `root/${last}`);
      const list = Buffer.from(`${first}\n${last}\n`);
      const cpio = ['cpio', '--quiet', '-o', '-H', 'newc'];
      const archive = filtered(list, cpio, shop.at('root'));
      const { files } = await unpackBytes(rpmFile([], { payload: gzipSync(archive) }));
      expect(files.map(({ name, bytes }) => [name, bytes.length])).toEqual([
        ['boot/vmlinuz', kernel.length],
      ]);
    }
  });
});

describe('packages', () => {
  const info = (format: string, name: string, architecture: string) => [
    { format, name, version: '6.12-r1', architecture },
  ];

  it('.ipk of opkg, in any order, is a tar of tars', async () => {
    const control = Buffer.from('Package: kernel\nVersion: 6.12-r1\nArchitecture: mips_24kc\n');
    const data = tarFile([{ name: './boot/vmlinux-6.12', bytes: kernel }]);
    const parts = (pack: (bytes: Uint8Array) => Uint8Array, ending: string) => [
      { name: './debian-binary', bytes: Buffer.from('2.0\n') },
      { name: `./data.tar${ending}`, bytes: pack(data) },
      {
        name: `./control.tar${ending}`,
        bytes: pack(tarFile([{ name: './control', bytes: control }])),
      },
    ];
    for (const members of [
      parts(gzipSync, '.gz'),
      parts(gzipSync, '.gz').reverse(),
      parts(zstdCompressSync, '.zst'),
      parts((bytes) => bytes, ''),
    ]) {
      const { files, packages } = await unpackBytes(gzipSync(tarFile(members)));
      expect(files.map(({ name }) => name)).toEqual(['./boot/vmlinux-6.12']);
      expect(packages).toEqual(info('ipk', 'kernel', 'mips_24kc'));
    }
  });

  it('.apk of version 2 is three tars, signed or not', async () => {
    const cut = (tar: Uint8Array) => tar.subarray(0, -1024);
    const signature = tarFile([{ name: '.SIGN.RSA.x.rsa.pub', bytes: Buffer.from('x') }]);
    const about = Buffer.from('# made\npkgname = linux-virt\npkgver = 6.12-r1\narch = x86_64\n');
    const control = tarFile([{ name: '.PKGINFO', bytes: about }]);
    const data = tarFile([{ name: 'boot/vmlinuz-virt', bytes: bzImageFile(kernel) }]);
    for (const parts of [
      [cut(signature), cut(control), data],
      [cut(control), data],
      // Some makers keep the end of each archive.
      [signature, control, data],
    ]) {
      const { files, packages } = await unpackBytes(joined(...parts.map((part) => gzipSync(part))));
      expect(files.map(({ name }) => name)).toEqual(['boot/vmlinuz-virt']);
      expect(packages).toEqual(info('apk', 'linux-virt', 'x86_64'));
    }
  });

  it('.apk of version 3 is told with what to do', async () => {
    for (const start of ['ADB.', 'ADBd', 'ADBc']) {
      const bytes = Buffer.from(start.padEnd(2000, 'x'));
      await expect(unpackBytes(bytes)).rejects.toMatchObject({ code: 'apk3-unsupported' });
    }
  });

  testWith(['tar', 'zstd', 'xz'], '.pkg.tar of pacman', async () => {
    shop.remove('root');
    shop.write({
      'root/.BUILDINFO': 'format = 2\n',
      'root/.MTREE': gzipSync('#mtree\n'),
      'root/.PKGINFO': 'pkgname = linux\npkgver = 6.12-r1\narch = x86_64\n',
      'root/usr/lib/modules/6.12/vmlinuz': bzImageFile(kernel),
      'root/usr/lib/modules/6.12/kernel/a.ko.zst': zstdCompressSync(moduleFile),
    });
    for (const pack of ['--zstd', '--xz', '--no-auto-compress']) {
      const names = ['.BUILDINFO', '.MTREE', '.PKGINFO', 'usr'];
      const bytes = shop.run('tar', '-C', 'root', '--sort=name', pack, '-cf', '-', ...names);
      const { kinds, packages } = await unpackBytes(bytes);
      expect(kinds.toSorted()).toEqual(['elf', 'module']);
      expect(packages).toEqual(info('pacman', 'linux', 'x86_64'));
    }
  });

  it('of user-mode Linux have the kernel under its own name', async () => {
    const { files } = await unpackBytes(tarFile([{ name: './usr/bin/linux.uml', bytes: kernel }]));
    expect(files.map(({ kind }) => kind)).toEqual(['elf']);
  });

  it('.rpm with files of 4 GiB has headers without metadata', async () => {
    const members = [
      { name: 'usr/share/x', bytes: Buffer.from('text') },
      { name: 'lib/modules/6.12/vmlinuz', bytes: bzImageFile(kernel) },
      { name: 'lib/modules/6.12/a.ko', bytes: moduleFile },
    ];
    const { kinds } = await unpackBytes(rpmFile(members, { stripped: true }));
    expect(kinds).toEqual(['elf', 'module']);
  });

  it('.rpm with a file that is too large to keep has its kernel all the same', async () => {
    const members = [
      { name: 'boot/vmlinux', bytes: kernel },
      { name: 'boot/vmlinux.big', size: 4400 * 2 ** 20 },
    ];
    const { files, passedOver } = await unpackBytes(rpmFile(members, { stripped: true }));
    expect(files.map(({ name }) => name)).toEqual(['/boot/vmlinux']);
    expect(passedOver.map(({ code, name }) => [code, name])).toEqual([
      ['too-large', '/boot/vmlinux.big'],
    ]);
    const alone = rpmFile(members.slice(1), { stripped: true });
    expect(await codeOf(unpackBytes(alone))).toBe('unpack-limit');
  });

  it('.rpm whose headers refer to a file that it does not list is corrupt', async () => {
    const bytes = rpmFile([{ name: 'vmlinuz', bytes: kernel }], { stripped: true, listed: 0 });
    expect(await codeOf(unpackBytes(bytes))).toBe('cpio-corrupt');
  });
});

describe('an archive with several of a kind', () => {
  const two = ['generic', 'rt'].map((name) => ({
    name: `boot/vmlinux-6.9-${name}`,
    bytes: executableKernel(buildIdOf(name)),
  }));

  it('gives all kernels', async () => {
    const { files, passedOver } = await unpackBytes(gzipSync(tarFile(two)));
    expect(files.map(({ name }) => name)).toEqual(two.map(({ name }) => name));
    expect(passedOver).toEqual([]);
  });

  it('gives all kernels of a package, whatever is between them', async () => {
    const between = { name: 'lib/modules/6.9/a.ko', bytes: moduleFile };
    const members = [two[0], between, two[1]].flatMap((member) => member ?? []);
    const { kinds } = await unpackBytes(rpmFile(members));
    expect(kinds).toEqual(['elf', 'module', 'elf']);
  });

  it('lists what it left out, and why', async () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      name: `vmlinux-${index}`,
      bytes: kernel,
    }));
    const modules = Array.from({ length: 5 }, (_, index) => ({
      name: `lib/modules/${index}.ko`,
      bytes: moduleFile,
    }));
    const { files, passedOver } = await unpackBytes(
      tarFile([
        ...many,
        ...modules,
        { name: 'boot/System.map-6.12', bytes: Buffer.alloc(83, 'ffffffff81000000 B not here') },
        { name: 'vmlinuz-notes', bytes: Buffer.from('# text\n') },
        { name: 'usr/lib/debug/lib/modules/x.ko', bytes: moduleFile },
        { name: 'fake/vmlinux.gz', bytes: Buffer.from('1f8b0800', 'hex') },
      ]),
    );
    expect(files).toHaveLength(17);
    expect(passedOver.map(({ code, count }) => [code, count])).toEqual([
      ['too-many-kernels', 1],
      ['too-many-kernels', 1],
      ['too-many-kernels', 1],
      ['too-many-kernels', 1],
      ['another-module', 4],
      ['placeholder-map', 1],
      ['too-many-kernels', 1],
      ['debug-module', 1],
      ['too-many-kernels', 1],
    ]);
  });

  it('of BTF gives each', async () => {
    const members = ['6.9.btf', '6.10.btf'].map((name) => ({ name, bytes: kernelBtf() }));
    const { kinds } = await unpackBytes(gzipSync(tarFile(members)));
    expect(kinds).toEqual(['btf', 'btf']);
  });
});

it("a file with a module's name that is none is passed over, and so is a module's debug file", async () => {
  const { files, passedOver } = await unpackBytes(
    tarFile([
      { name: 'a.ko', bytes: kernel },
      { name: 'vmlinux', bytes: kernel },
    ]),
  );
  expect(files.map(({ name }) => name)).toEqual(['vmlinux']);
  expect(passedOver.map(({ code, name }) => [code, name])).toEqual([['not-a-module', 'a.ko']]);
});
