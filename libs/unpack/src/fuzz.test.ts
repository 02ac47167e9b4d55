import { gzipSync, zstdCompressSync } from 'node:zlib';
import { kernelBtf, kernelFile } from '@btf-depot/testing';
import {
  arFile,
  bzImageFile,
  cpioFile,
  debFile,
  rpmFile,
  tarFile,
  zbootFile,
} from '@btf-depot/testing/packages';
import { bytesSource, StreamReader } from '@btf-depot/bytes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCpio } from './archives/cpio.ts';
import { readImage } from './index.ts';
import { bootImage, fitFile, uImageFile, ukiFile, vendorBootImage } from './testing/images.ts';
import { codeOf, unpackBytes } from './testing/in-memory.ts';

/** Runs of each kind; more by hand, `FUZZ_RUNS=20000`. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);

const kernel = kernelFile();
const members = [
  { name: './boot/vmlinuz-6.12', bytes: bzImageFile(kernel) },
  { name: './lib/modules/6.12/a.ko', bytes: kernel },
];
const seeds: Record<string, Uint8Array> = {
  tar: tarFile([{ name: 'pax', type: 'x', bytes: Buffer.from('15 path=vmlinux\n') }, ...members]),
  deb: debFile({ members }),
  ar: arFile([{ name: 'debian-binary', bytes: Buffer.from('2.0\n') }, { name: 'data.tar' }]),
  rpm: rpmFile(members),
  bzImage: bzImageFile(kernel),
  zboot: zbootFile(gzipSync(kernel)),
  'zboot of zstd': zbootFile(zstdCompressSync(kernel)),
  gzip: gzipSync(tarFile(members)),
  'tar with hard links': tarFile([
    { name: 'objects/1', bytes: kernel },
    { name: 'boot/vmlinuz', type: '1', link: 'objects/1' },
    { name: 'K', type: 'K', bytes: Buffer.from('objects/1\0') },
    { name: 'boot/vmlinux', type: '1' },
  ]),
  'stripped rpm': rpmFile(members, { stripped: true }),
  ipk: gzipSync(
    tarFile([
      { name: './debian-binary', bytes: Buffer.from('2.0\n') },
      { name: './data.tar.gz', bytes: gzipSync(tarFile(members)) },
      { name: './control.tar.gz', bytes: gzipSync(tarFile([{ name: 'control' }])) },
    ]),
  ),
  apk: Buffer.concat([
    tarFile([{ name: '.PKGINFO', bytes: Buffer.from('pkgname = a\npkgver = 1\n') }]),
    tarFile(members),
  ]),
  UKI: ukiFile({ '.initrd': kernel, '.linux': bzImageFile(kernel) }),
  uImage: uImageFile(2, 1, gzipSync(kernel)),
  'uImage of several': uImageFile(
    4,
    0,
    Buffer.concat([Buffer.from('0000000800000000', 'hex'), kernel]),
  ),
  FIT: fitFile({ type: 'kernel', compression: 'gzip', data: gzipSync(kernel) }),
  'boot.img': bootImage(2, gzipSync(kernel)),
  'boot.img, 4': bootImage(4, gzipSync(kernel)),
  'vendor_boot.img': vendorBootImage(cpioFile(members)),
  elf: kernel,
  image: new Uint8Array([...Buffer.alloc(64, 'ARM\x64'), ...kernelBtf()]),
};

/** Changes bytes, most of them in headers; sometimes cuts, sometimes appends. */
function mutations(seed: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.oneof(fc.nat(Math.min(700, seed.length - 1)), fc.nat(seed.length - 1));
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
  const changes = fc.array(fc.tuple(place, byte), { minLength: 1, maxLength: 6 });
  return fc.tuple(changes, fc.option(fc.nat(seed.length))).map(([list, length]) => {
    const bytes = seed.slice(0, length ?? seed.length);
    for (const [at, value] of list) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
}

describe('whatever is done to it, there is a value or a FormatError:', () => {
  it.each(Object.entries(seeds))(
    '%s',
    async (_name, seed) => {
      await fc.assert(
        fc.asyncProperty(mutations(seed), async (bytes) => {
          // codeOf throws any other error.
          const limits = { unpacked: 10_000_000, stored: 10_000_000 };
          expect(await codeOf(unpackBytes(bytes, { limits }))).not.toBe('');
        }),
        { numRuns: RUNS, seed: 7 },
      );
    },
    Math.max(60_000, 60 * RUNS),
  );

  it('cpio', async () => {
    const archive = cpioFile(members);
    const readAll = async (bytes: Uint8Array) => {
      const reader = new StreamReader([bytes]);
      for await (const member of readCpio(reader)) {
        for await (const chunk of member.content()) expect(chunk.length).toBeGreaterThan(0);
      }
    };
    await fc.assert(
      fc.asyncProperty(mutations(archive), async (bytes) => {
        await codeOf(readAll(bytes));
      }),
      { numRuns: RUNS, seed: 7 },
    );
  });

  it('a raw image', () => {
    fc.assert(
      fc.property(mutations(seeds.image ?? new Uint8Array()), (bytes) => {
        const found = readImage(bytesSource(bytes));
        if (found) expect(found.btf.offset + found.btf.length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000, seed: 7 },
    );
  });
});
