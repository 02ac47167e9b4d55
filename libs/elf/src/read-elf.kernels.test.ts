import { readelf } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { checkRange, type Source } from '@btf-depot/bytes';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { readElf } from './index.ts';

/** A file read in place: a vmlinux with DWARF is never wholly in memory. */
function fileSource(file: string): Source & { close(): void } {
  const descriptor = openSync(file, 'r');
  const { size } = fstatSync(descriptor);
  const source = {
    size,
    read(offset: number, length: number): Uint8Array {
      checkRange(size, offset, length);
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length;)
        at += readSync(descriptor, bytes, at, length - at, offset + at);
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
  return source;
}

describeWithKernels(['K612'], 'the vmlinux of a real kernel', ({ K612 }) => {
  const source = fileSource(K612.vmlinux);
  afterAll(() => source.close());
  const elf = readElf(source);

  it('has the sections that readelf lists', async () => {
    const text = await readelf(['-SW', K612.vmlinux]);
    const listed = [
      ...text.matchAll(/^ +\[ *(\d+)\] (\S*) +\S+ +([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) /gm),
    ];
    expect(listed.length).toBeGreaterThan(50);
    for (const [, index, name, address, offset, size] of listed.slice(1)) {
      const section = elf.sections[Number(index)];
      expect([section.name, section.address, section.offset, section.size]).toEqual([
        name,
        BigInt(`0x${address}`),
        parseInt(offset, 16),
        parseInt(size, 16),
      ]);
    }
  });

  it('has the build ID that readelf shows', async () => {
    const text = await readelf(['-n', K612.vmlinux]);
    expect(elf.buildId()).toBe(/Build ID: ([0-9a-f]+)/.exec(text)?.[1]);
    expect(elf.buildId()).toHaveLength(40);
  });

  it('gives symbols and what stands there', async () => {
    const text = await readelf(['-sW', K612.vmlinux]);
    expect(elf.symbols.length).toBe(Number(/contains (\d+) entries/.exec(text)?.[1]));
    const row = /^ *(\d+): ([0-9a-f]{16}) +(\d+) OBJECT .* linux_banner$/m.exec(text);
    const symbol = elf.symbol('linux_banner');
    expect(symbol?.value).toBe(BigInt(`0x${row?.[2] ?? ''}`));
    const banner = symbol && elf.bytesOf(symbol);
    expect(Buffer.from(banner ?? []).toString()).toContain(`Linux version ${K612.release} `);
  });
});
