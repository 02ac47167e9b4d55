import { gzipSync, zstdCompressSync } from 'node:zlib';
import { xz } from '@btf-depot/codec';
import { kernelFile } from '@btf-depot/testing';
import {
  arFile,
  bzImageFile,
  cpioFile,
  debFile,
  rpmFile,
  tarFile,
  tarMember,
} from '@btf-depot/testing/packages';
import { describe, expect, test } from 'vitest';
import { codeOf, unpackBytes } from './testing/in-memory.ts';

const kernel = kernelFile({ ballast: 4000 });
const zeros = new Uint8Array(80_000_000);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Replaces bytes from an offset on, and corrects the checksum of a tar header. */
function patched(bytes: Uint8Array, at: number, others: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(others, at);
  if (copy.length !== 512) return copy;
  copy.fill(0x20, 148, 156);
  const sum = copy.reduce((total, byte) => total + byte, 0);
  copy.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return copy;
}

/**
 * An lzop file of zeros: a literal, and one match that repeats it; each byte yields 255.
 * @param isCut leaves the match out.
 */
function lzoBomb(size: number, blocks: number, isCut = false): Uint8Array {
  const base = 2 + 31;
  const more = Math.floor((size - 1 - base - 1) / 255);
  const match = Buffer.alloc(1 + more, 0);
  match[0] = 32;
  const block = joined(
    Uint8Array.of(18, 0),
    ...(isCut ? [] : [match, Uint8Array.of(size - 1 - base - 255 * more, 0, 0)]),
    Uint8Array.of(17, 0, 0),
  );
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(size);
  sizes.writeUInt32BE(block.length, 4);
  // Version, library, needed version, LZO1X at level 5, no flags, mode, times, no name.
  const head = Uint8Array.of(
    0x10,
    0x40,
    0x20,
    0xa0,
    9,
    0x40,
    1,
    5,
    ...new Array<number>(17).fill(0),
  );
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(adler32(head));
  const magic = Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a);
  const all = Array.from({ length: blocks }, () => joined(sizes, block));
  return joined(magic, head, sum, ...all, new Uint8Array(4));
}

/** RFC 1950, 8.2, for a few bytes. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) b += a += byte;
  return b * 2 ** 16 + a;
}

function nested(depth: number): Uint8Array {
  let bytes: Uint8Array = kernel;
  for (let i = 0; i < depth; i++) bytes = gzipSync(bytes);
  return bytes;
}

describe('refused within its limits:', () => {
  const deb = debFile({ members: [{ name: 'vmlinuz', bytes: bzImageFile(kernel) }] });
  const rpm = rpmFile([{ name: 'vmlinuz', bytes: bzImageFile(kernel) }]);
  const cases: [what: string, code: RegExp, bytes: () => Uint8Array | Promise<Uint8Array>][] = [
    ['a gzip bomb', /^gzip-limit$/, () => gzipSync(zeros)],
    ['a zstd bomb', /^zstd-limit$/, () => zstdCompressSync(zeros)],
    // Ten streams: making a longer one takes longer than the rest of this file.
    [
      'an xz bomb',
      /^xz-limit$/,
      async () => joined(...Array<Uint8Array>(10).fill(await xz(zeros.subarray(0, 8_000_000)))),
    ],
    ['an lzo bomb', /^lzo-limit$/, () => lzoBomb(40_000_000, 2)],
    ['an lzo block of more than there is', /^lzo-corrupt$/, () => lzoBomb(64 * 2 ** 20, 1, true)],
    ['a bomb in a bomb', /^zstd-limit$/, () => gzipSync(zstdCompressSync(zeros))],
    [
      'a bomb inside a package inside an archive',
      /^zstd-limit$/,
      () =>
        gzipSync(
          tarFile([{ name: 'a.deb', bytes: debFile({ members: [{ name: 'x', bytes: zeros }] }) }]),
        ),
    ],
    [
      'a bomb that stands where a raw image has its kernel',
      /^(unpack-nothing|unpack-limit)$/,
      () => joined(Buffer.alloc(5000, 'boot'), gzipSync(zeros)),
    ],
    [
      'a zip, which nobody sends',
      /^unpack-nothing$/,
      () => Buffer.from('PK\x03\x04'.padEnd(2000, 'x')),
    ],
    [
      'a bomb in a package',
      /^zstd-limit$/,
      () => debFile({ members: [{ name: 'x', bytes: zeros }] }),
    ],
    ['a bomb in an .rpm', /^gzip-limit$/, () => rpmFile([{ name: 'vmlinuz', bytes: zeros }])],
    [
      'a bomb where a .deb says what it is',
      /^zstd-limit$/,
      () =>
        arFile([
          { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
          {
            name: 'control.tar.zst',
            bytes: zstdCompressSync(tarFile([{ name: 'not it', bytes: zeros }])),
          },
          { name: 'data.tar.zst', bytes: zstdCompressSync(tarFile([])) },
        ]),
    ],
    [
      'a sparse file in an .rpm, which has none',
      /^unpack-nothing$/,
      () => rpmFile([{ name: 'GNUSparseFile.1/vmlinux', bytes: new Uint8Array(10) }]),
    ],
    ['a bomb in a bzImage', /^gzip-limit$/, () => bzImageFile(zeros)],
    ['streams inside one another', /^unpack-limit$/, () => nested(40)],
    [
      'a hundred thousand members',
      /^unpack-limit$/,
      () => tarFile(Array.from({ length: 300 }, () => ({ name: 'a' }))),
    ],
    ['a .deb cut short', /^deb-truncated$/, () => deb.subarray(0, -100)],
    ['an .rpm cut short', /^rpm-truncated$/, () => rpm.subarray(0, -100)],
    [
      'a tar cut short',
      /^tar-truncated$/,
      () => tarFile([{ name: 'vmlinux', bytes: kernel }]).subarray(0, 3000),
    ],
    [
      'a tar without its end',
      /^tar-truncated$/,
      () => tarMember({ name: 'vmlinux', bytes: kernel }),
    ],
    ['a bzImage cut short', /^image-truncated$/, () => bzImageFile(kernel).subarray(0, 1100)],
    [
      'a member that states more than there is',
      /^tar-truncated$/,
      () => tarFile([{ name: 'vmlinux', bytes: kernel, size: 2 ** 32 }]),
    ],
    [
      'a member of no size that tar can say',
      /^tar-corrupt$/,
      () => tarFile([{ name: 'vmlinux', size: -1 }]),
    ],
    [
      'a cpio member that states more',
      /^cpio-truncated$/,
      () => rpmFile([{ name: 'vmlinuz', bytes: kernel, size: 2 ** 31 }]),
    ],
    [
      'an .rpm with more entries than any',
      /^rpm-corrupt$/,
      () => patched(rpm, 96 + 8, [0x7f, 0xff, 0xff, 0xff]),
    ],
    [
      'an .rpm header of more bytes than the file',
      /^rpm-truncated$/,
      () => patched(rpm, 96 + 12, [0x0f, 0xff, 0xff, 0xff]),
    ],
    [
      'a cpio name of gigabytes',
      /^cpio-corrupt$/,
      () => rpmFile([{ name: 'x'.repeat(5000), bytes: kernel }]),
    ],
    [
      'a tar size in the binary form, beyond all',
      /^tar-corrupt$/,
      () => patched(tarMember({ name: 'vmlinux' }), 124, [0xff, ...Array<number>(11).fill(0xff)]),
    ],
    [
      'a pax header that states gigabytes',
      /^tar-truncated$/,
      () =>
        tarFile([
          { name: 'pax', type: 'x', bytes: Buffer.from('19 size=9999999999\n') },
          { name: 'vmlinux', bytes: kernel },
        ]),
    ],
    [
      'an ar member that states more',
      /^deb-truncated$/,
      () => arFile([{ name: 'debian-binary', size: 99 }]),
    ],
    [
      'an ar archive of something else',
      /^deb-corrupt$/,
      () => arFile([{ name: 'hello.o', bytes: kernel }]),
    ],
    [
      'a name of megabytes',
      /^tar-corrupt$/,
      () => tarFile([{ name: '././@LongLink', type: 'L', bytes: new Uint8Array(1_000_000) }]),
    ],
    [
      'a payload of another size than it says',
      /^zstd-(truncated|corrupt)$/,
      () => bzImageFile(kernel, joined(zstdCompressSync(kernel), Uint8Array.of(1, 2, 3, 0))),
    ],
  ];

  test.each(cases)('%s', async (_what, code, bytes) => {
    const limits = { members: 200, unpacked: 50_000_000, ratio: 3 };
    expect(await codeOf(unpackBytes(await bytes(), { limits }))).toMatch(code);
  });
});

test('no more is kept than the limit', async () => {
  const limits = { stored: kernel.length - 1 };
  expect(await codeOf(unpackBytes(gzipSync(kernel), { limits }))).toBe('unpack-limit');
});

test.each([
  ['above the archive', { name: '../../boot/vmlinux', bytes: kernel }],
  ['a symbolic link', { name: 'vmlinux', type: '2', link: '/etc/shadow' }],
  ['a device', { name: 'vmlinux', type: '3' }],
])('a member that is %s is passed over', async (_what, member) => {
  expect(await codeOf(unpackBytes(tarFile([member])))).toBe('unpack-nothing');
  expect(await codeOf(unpackBytes(debFile({ members: [member] })))).toBe('unpack-nothing');
  if ('type' in member && member.type === '3') return;
  expect(await codeOf(unpackBytes(rpmFile([member])))).toBe('unpack-nothing');
});

test('an absolute name is a name like any other: nothing is written by it', async () => {
  const { files } = await unpackBytes(tarFile([{ name: '/boot/vmlinux', bytes: kernel }]));
  expect(files[0]?.bytes).toEqual(new Uint8Array(kernel));
});

test('a package that calls itself something unprintable is not quoted', async () => {
  const input = { package: '\x1b[2Jkernel', members: [{ name: 'vmlinux', bytes: kernel }] };
  expect((await unpackBytes(debFile(input))).packages).toEqual([]);
});

test('a member that only looks like a kernel does not hide the one behind it', async () => {
  const members = [
    { name: 'vmlinux-tools', bytes: Buffer.from('#!/bin/sh\n') },
    { name: 'vmlinux', bytes: kernel },
  ];
  expect((await unpackBytes(tarFile(members))).kinds).toEqual(['elf']);
});

test('a bare cpio archive is refused', async () => {
  const bytes = cpioFile([{ name: 'vmlinux', bytes: new Uint8Array(10) }]);
  expect(await codeOf(unpackBytes(bytes))).toBe('unpack-nothing');
});
