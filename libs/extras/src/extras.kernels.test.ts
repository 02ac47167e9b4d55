import {
  dumpJson,
  dumpRaw,
  parseBtf,
  parseKernelVersion,
  verifyBtf,
  type Btf,
} from '@btf-depot/btf';
import { bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { bpftool, pahole } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import {
  attachVariables,
  elfImage,
  ksyms,
  listVariables,
  partition,
  PER_CPU_SECTION,
  readSystemMap,
} from './index.ts';
import { bpftoolVariables } from './testing/bpftool-variables.ts';

const folder = testFolder({ atOnce: true });

function readBtf(file: string): Btf {
  return parseBtf(readFileSync(file));
}

function write(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** Variables that pahole lists twice are one for us; all doubles of K612 are exact. */
async function expectedVariables(full: string): Promise<string[]> {
  return [...new Set(await bpftoolVariables(bpftool, full))].sort();
}

function foreignMessage(core: Btf, full: Btf): string {
  try {
    attachVariables(core, full);
  } catch (error) {
    if (error instanceof FormatError && error.code === 'foreign-full') return error.message;
    throw error;
  }
  throw new Error('taken');
}

describeWithKernels(['K612'], 'variables of a real kernel', ({ K612 }) => {
  const core = readBtf(K612.coreBtf);
  const full = readBtf(K612.fullBtf);
  const kernel = parseKernelVersion(K612.release);

  describe('on its core', () => {
    const result = attachVariables(core, full);
    const file = write('vars.btf', result.bytes);

    it('are all there, and need no type that core lacks', () => {
      const inSections = result.sections.reduce((sum, { variables }) => sum + variables, 0);
      const listed = listVariables(parseBtf(result.bytes, { base: core }));
      const perCpu = listed.filter(({ place }) => place?.section === PER_CPU_SECTION);
      expect(result).toMatchObject({ variables: 31_415, appended: 0, outside: 0 });
      expect(inSections).toBe(31_415);
      // pahole 1.24, which made the core, leaves out the variable at offset 0.
      expect(perCpu.map(({ name }) => name)).toEqual(['fixed_percpu_data']);
      expect(listVariables(core)).toHaveLength(383);
    });

    it('are those of full for bpftool: place, linkage, name and type', async () => {
      const expected = await expectedVariables(K612.fullBtf);
      expect(expected).toHaveLength(31_798);
      expect((await bpftoolVariables(bpftool, file, K612.coreBtf)).sort()).toEqual(expected);
    });

    it('are taken by the verifier, as by the kernel and as by BPF_BTF_LOAD', () => {
      expect(verifyBtf(result.bytes, { base: core, kernel })).toEqual([]);
      expect(verifyBtf(result.bytes, { base: core, kernel, checks: 'load' })).toEqual([]);
    });

    it('are dumped as bpftool dumps them, as text and JSON', async () => {
      const vars = parseBtf(result.bytes, { base: core });
      const dump = ['-B', K612.coreBtf, 'btf', 'dump', 'file', file];
      const text = Buffer.from(dumpRaw(vars)).toString('latin1');
      expect(text === (await bpftool([...dump, 'format', 'raw']))).toBe(true);
      expect([...dumpJson(vars)].join('') === (await bpftool(['-j', ...dump]))).toBe(true);
    });

    it('come out the same from a full BTF made with global_var alone', async () => {
      const plain = join(folder, 'plain.btf');
      const output = `--btf_encode_detached=${plain}`;
      await pahole(['-J', '-j2', '--btf_features=global_var', output, K612.vmlinux]);
      expect(attachVariables(core, readBtf(plain)).bytes).toEqual(result.bytes);
    });
  });

  describe('taken out of full', () => {
    const result = partition(full);
    if (result.origin !== 'partition') throw new Error('nothing was taken out');
    const base = write('core.btf', result.core.bytes);
    const file = write('partition.vars.btf', result.vars.bytes);

    it('leave core with the per-CPU ones, and lose none', async () => {
      expect(result.vars).toMatchObject({ variables: 31_414, outside: 0 });
      expect(listVariables(result.core)).toHaveLength(384);
      const expected = await expectedVariables(K612.fullBtf);
      expect((await bpftoolVariables(bpftool, file, base)).sort()).toEqual(expected);
    });

    it('are taken by the verifier, and so is core', () => {
      expect(verifyBtf(result.core.bytes, { kernel, checks: 'load' })).toEqual([]);
      expect(verifyBtf(result.vars.bytes, { base: result.core, kernel, checks: 'load' })).toEqual(
        [],
      );
    });

    it('are C for bpftool', async () => {
      const c = await bpftool(['-B', base, 'btf', 'dump', 'file', file, 'format', 'c']);
      expect(c).toContain('#endif /* __VMLINUX_H__ */');
    });
  });

  const running = '/sys/kernel/btf/vmlinux';
  const another = existsSync(running) && release() !== K612.release;
  it.skipIf(!another)(`of another kernel are refused (needs ${running})`, () => {
    const other = readBtf(running);
    const shares = /it has [1-9]\d* of the \d+ named structs and unions of core$/;
    expect(foreignMessage(other, full)).toMatch(shares);
    expect(foreignMessage(core, other)).toMatch(shares);
  });
});

for (const name of ['K612', 'K72', 'K612arm64'] as const) {
  describeWithKernels([name], `ksyms of ${name}`, (kernels) => {
    const { coreBtf, fullBtf, vmlinux, systemMap } = kernels[name];
    const core = readBtf(coreBtf);
    const vars = parseBtf(attachVariables(core, readBtf(fullBtf)).bytes, { base: core });
    const image = elfImage(readElf(bytesSource(readFileSync(vmlinux))));
    const map = readSystemMap(readFileSync(systemMap));
    const expected = ksyms(vars, image)?.ksyms;

    it('are the same by its System.map, alone and beside a stripped vmlinux', () => {
      expect(expected?.variables).toBeGreaterThan(25_000);
      expect(ksyms(vars, { symbols: map })?.ksyms).toEqual(expected);
      expect(ksyms(vars, { ...image, symbols: map })?.ksyms).toEqual(expected);
    });

    it('are none by a System.map in which functions moved', () => {
      const moved = map.map((symbol, index) => ({
        ...symbol,
        address: symbol.address + BigInt(index >> 8) * 64n,
      }));
      expect(() => ksyms(vars, { symbols: moved })).toThrow(
        expect.objectContaining({ code: 'symbols-foreign' }),
      );
    });
  });
}
