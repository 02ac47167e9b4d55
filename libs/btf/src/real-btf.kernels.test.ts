import { checkRange } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { bpftool, unpackModules, type Kernel } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import {
  decodeBtf,
  decodeOn,
  dumpJson,
  dumpRaw,
  encodeBtf,
  lowerBtf,
  mergeBtf,
  parseBtf,
  parseKernelVersion,
  verifyBtf,
  type Btf,
} from './index.ts';
import { fuzz } from './testing/index.ts';

const folder = testFolder({ atOnce: true });

function write(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** A section of a file that is too large to read whole. */
function sectionOf(file: string, name: string): Uint8Array | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const elf = readElf({
      size,
      read(offset, length) {
        checkRange(size, offset, length);
        const bytes = new Uint8Array(length);
        readSync(descriptor, bytes, 0, length, offset);
        return bytes;
      },
    });
    const section = elf.section(name);
    return section && elf.bytes(section);
  } finally {
    closeSync(descriptor);
  }
}

/** The kernel's modules, unpacked once. */
function allModules(kernel: Kernel): string[] {
  const known = unpacked.get(kernel.name) ?? unpackModules(kernel, join(folder, kernel.name));
  unpacked.set(kernel.name, known);
  return known;
}

const unpacked = new Map<string, string[]>();

function moduleBtf(file: string): Uint8Array | undefined {
  return sectionOf(file, '.BTF');
}

/** Files of the kernel's modules, `count` of them spread evenly. */
function moduleFiles(kernel: Kernel, count: number): string[] {
  const all = allModules(kernel);
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, index) => index % step === 0).slice(0, count);
}

function bpftoolText(file: string, base?: string): Promise<string> {
  const on = base === undefined ? [] : ['-B', base];
  return bpftool([...on, 'btf', 'dump', 'file', file, 'format', 'raw']);
}

describeWithKernels(['K612'], 'BTF of a real kernel', ({ K612 }) => {
  const bytes = readFileSync(K612.coreBtf);
  const core = parseBtf(bytes);
  const coreFile = write('core.btf', bytes);

  it('is dumped as bpftool dumps it, core and full, raw and JSON', async () => {
    expect(Buffer.from(dumpRaw(core)).toString('latin1')).toBe(await bpftoolText(coreFile));
    const full = parseBtf(readFileSync(K612.fullBtf));
    expect(Buffer.from(dumpRaw(full)).toString('latin1')).toBe(await bpftoolText(K612.fullBtf));
    const json = await bpftool(['-j', 'btf', 'dump', 'file', coreFile]);
    expect([...dumpJson(core)].join('') === json).toBe(true);
  });

  it('is dumped as bpftool dumps it as split BTF of twenty modules', async () => {
    let compared = 0;
    for (const file of moduleFiles(K612, 20)) {
      const own = moduleBtf(file);
      if (own === undefined) continue;
      const module = write('module.btf', own);
      const text = Buffer.from(dumpRaw(parseBtf(own, { base: core }))).toString('latin1');
      expect(text === (await bpftoolText(module, coreFile)), file).toBe(true);
      const json = await bpftool(['-j', '-B', coreFile, 'btf', 'dump', 'file', module]);
      expect([...dumpJson(parseBtf(own, { base: core }))].join('') === json, file).toBe(true);
      compared++;
    }
    expect(compared).toBe(20);
  });

  it('is read back by bpftool after it was encoded for the other byte order', async () => {
    const model = decodeBtf(core);
    const big = encodeBtf({ ...model, endian: 'big' });
    expect(parseBtf(big).endian).toBe('big');
    expect(await bpftoolText(write('big.btf', big))).toBe(await bpftoolText(coreFile));
  });

  it('is merged with a module into what bpftool reads as one', async () => {
    const [file] = moduleFiles(K612, 1);
    const own = moduleBtf(file);
    if (own === undefined) throw new Error(`${file} has no BTF`);
    const merged = write('merged.btf', mergeBtf(parseBtf(own, { base: core })));
    const parts = [await bpftoolText(coreFile), await bpftoolText(write('m.btf', own), coreFile)];
    expect((await bpftoolText(merged)) === parts.join('')).toBe(true);
  });

  it.each(['5.4', '5.15', '6.1'])('is brought down to Linux %s, which takes it', (release) => {
    const kernel = parseKernelVersion(release);
    expect(verifyBtf(lowerBtf(core, kernel), { kernel, checks: 'load' })).toEqual([]);
  });

  it('gives a value or an error when it is mutated', () => {
    const corpus = moduleFiles(K612, 40).flatMap((file) => moduleBtf(file) ?? []);
    // Each run also prints and deduplicates the whole core, which takes a second or two.
    expect(fuzz({ seed: 5_000_000, runs: 40, corpus, base: core }).runs).toBe(40);
  });
});

for (const name of ['K612', 'K61', 'K72', 'K612arm64'] as const) {
  describeWithKernels([name], `BTF of ${name} and all of its modules`, (kernels) => {
    const real = kernels[name];
    const bytes = readFileSync(real.coreBtf);
    const core: Btf = parseBtf(bytes);
    const version = parseKernelVersion(real.release);

    it('is dumped as bpftool dumps it', async () => {
      const text = Buffer.from(dumpRaw(core)).toString('latin1');
      expect(text === (await bpftoolText(write(`${name}.btf`, bytes)))).toBe(true);
    });

    describe('is taken by our verifier and encoded to the same bytes again', () => {
      it('core', () => {
        expect(verifyBtf(bytes, { kernel: version })).toEqual([]);
        expect(Buffer.compare(encodeBtf(decodeBtf(core)), bytes)).toBe(0);
      });

      it('modules', () => {
        const model = decodeOn(core, undefined);
        let count = 0;
        for (const file of moduleFiles(real, Infinity)) {
          const own = moduleBtf(file);
          if (own === undefined) continue;
          expect(verifyBtf(own, { base: core, kernel: version }), file).toEqual([]);
          const again = encodeBtf(decodeOn(parseBtf(own, { base: core }), model));
          expect(Buffer.compare(again, own), file).toBe(0);
          count++;
        }
        expect(count).toBeGreaterThan(400);
      });
    });
  });
}
