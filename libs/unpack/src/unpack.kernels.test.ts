import { execFile, spawnSync } from 'node:child_process';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';
import { checkRange, type Source } from '@btf-depot/bytes';
import { COMPRESSIONS, decompress, type Compression } from '@btf-depot/codec';
import { readElf } from '@btf-depot/elf';
import { providePackage, type KernelName } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { programCommand, provideProgram } from '@btf-depot/services/provision';
import { testFolder } from '@btf-depot/testing/folders';
import { bzImageFile } from '@btf-depot/testing/packages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage, unpack, type Unpacked } from './index.ts';

const run = promisify(execFile);
const lzop = { name: 'lzop', suite: 'bookworm', packages: ['lzop'] };

interface FileSource extends Source {
  path: string;
}

const folder = testFolder();
const opened: number[] = [];

afterAll(() => opened.forEach(closeSync));

function fileSource(path: string): FileSource {
  const fd = openSync(path, 'r');
  opened.push(fd);
  const { size } = fstatSync(fd);
  return {
    path,
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      const bytes = new Uint8Array(length);
      readSync(fd, bytes, 0, length, offset);
      return bytes;
    },
  };
}

let stored = 0;

async function store(chunks: AsyncIterable<Uint8Array>): Promise<FileSource> {
  const path = join(folder, String(stored++));
  await using file = await open(path, 'w');
  for await (const chunk of chunks) await file.write(chunk);
  return fileSource(path);
}

function kernelOf({ files }: Unpacked<FileSource>): {
  buildId?: string;
  btf?: Uint8Array | undefined;
} {
  const kernel = files.find(({ kind }) => kind === 'elf' || kind === 'image');
  if (!kernel) throw new Error('no kernel was found');
  const { source } = kernel;
  if (kernel.kind === 'image') {
    const { buildId = '', btf } = readImage(source) ?? { btf: { offset: 0, length: 0 } };
    return { buildId, btf: source.read(btf.offset, btf.length) };
  }
  const elf = readElf(source);
  const section = elf.section('.BTF');
  return { buildId: elf.buildId() ?? '', btf: section && elf.bytes(section) };
}

const names = ['K612', 'K72', 'K61', 'K612arm64'] as const satisfies KernelName[];

describe.each(names)('%s', (name) => {
  describeWithKernels([name], 'of Debian', (kernels) => {
    const kernel = kernels[name];

    async function expectSame(found: Unpacked<FileSource>): Promise<void> {
      const { buildId, btf } = kernelOf(found);
      expect(buildId).toBe(readElf(fileSource(kernel.vmlinux)).buildId());
      expect(Buffer.compare(await readFile(kernel.coreBtf), btf ?? new Uint8Array())).toBe(0);
    }

    it('vmlinuz has the build ID and the very BTF of vmlinux', async () => {
      await expectSame(await unpack(fileSource(kernel.vmlinuz), store));
    });

    it('the image package has them too, and a module where modules are in it', async () => {
      const found = await unpack(fileSource(await providePackage(name, 'image')), store);
      await expectSame(found);
      const kinds = found.files.map(({ kind }) => kind);
      expect(kinds.includes('module')).toBe(name !== 'K72');
      expect(found.packages[0]?.name).toContain(kernel.release);
    });
  });
});

describeWithKernels(['K72'], "packages of newer Debian's split", () => {
  it('have kernel and module apart', async () => {
    const { files, packages } = await unpack(
      fileSource(await providePackage('K72', 'modules')),
      store,
    );
    expect(files.map(({ kind }) => kind)).toEqual(['module']);
    expect(packages[0]?.name).toMatch(/^linux-modules-7\.2\./);
  });
});

describe.each(['K61armhf', 'K61s390x'] as const)('%s', (name) => {
  describeWithKernels([name], 'without BTF', (kernels) => {
    it('is named by what its vmlinuz cannot give, and its package has a module', async () => {
      const { vmlinuz, release } = kernels[name];
      await expect(unpack(fileSource(vmlinuz), store)).rejects.toMatchObject({
        code: 'unpack-nothing',
        message: expect.stringContaining(`contains Linux ${release} without BTF`) as string,
      });
      const { files } = await unpack(fileSource(await providePackage(name, 'image')), store);
      expect(files.map(({ kind }) => kind)).toEqual(['module']);
    });
  });
});

describeWithKernels(['K612'], 'debug package', ({ K612 }) => {
  it('has vmlinux with its symbols, byte for byte', async () => {
    const { files } = await unpack(fileSource(await providePackage('K612', 'debug')), store);
    const vmlinux = files.find(({ kind }) => kind === 'elf');
    expect(await sha256Of(vmlinux?.source.path ?? '')).toBe(await sha256Of(K612.vmlinux));
  });
});

describeWithKernels(['K612'], 'every compression of a real vmlinux', ({ K612 }) => {
  let vmlinux: string;
  let sha256: string;

  const programs: Record<Compression, () => readonly [string, ...string[]]> = {
    gzip: () => ['gzip', '-9c'],
    xz: () => ['xz', '--check=crc32', '--x86', '--lzma2=preset=1', '-c'],
    zstd: () => ['zstd', '-q', '-3', '-c'],
    lz4: () => ['lz4', '-q', '-l', '-9', '-c'],
    lzma: () => ['xz', '--format=lzma', '-1', '-c'],
    bzip2: () => ['bzip2', '-9c'],
    lzo: () => [...programCommand(lzop, 'usr/bin/lzop'), '-9c'],
  };

  beforeAll(async () => {
    const { files } = await unpack(fileSource(K612.vmlinuz), store);
    vmlinux = files[0]?.source.path ?? '';
    sha256 = await sha256Of(vmlinux);
    await provideProgram(lzop);
  });

  it.for(COMPRESSIONS)('%s', async (compression, { skip }) => {
    const [program, ...args] = programs[compression]();
    const isAbsent = spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0;
    skip(isAbsent && process.env.CI !== 'true', `needs ${program}`);
    const options = { encoding: 'buffer', maxBuffer: 2 ** 27 } as const;
    const packed = await run(program, [...args, vmlinux], options);
    const hash = createHash('sha256');
    const limit = 2 ** 30;
    for await (const chunk of decompress(compression, [packed.stdout], { limit })) {
      hash.update(chunk);
    }
    expect(hash.digest('hex')).toBe(sha256);
    const size = Buffer.alloc(4);
    size.writeUInt32LE((await readFile(vmlinux)).length);
    const payload = compression === 'gzip' ? [packed.stdout] : [packed.stdout, size];
    const image = join(folder, `bzImage.${compression}`);
    const file = await open(image, 'w');
    await file.write(bzImageFile(new Uint8Array(), Buffer.concat(payload)));
    await file.close();
    const found = await unpack(fileSource(image), store);
    expect(await sha256Of(found.files[0]?.source.path ?? '')).toBe(sha256);
  });
});

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
