import { Kind, parseBtf, type Btf } from '@btf-depot/btf';
import { readElf, type Elf } from '@btf-depot/elf';
import { listVariables, type Variable } from '@btf-depot/extras';
import type { Kernel } from '@btf-depot/kernels';
import { openFileSource } from '@btf-depot/compute';
import { say } from '@btf-depot/services/provision';
import { expect, it } from 'vitest';
import { buildCarriers } from './built-carriers.ts';
import { compileProgram } from '../programs/compile.ts';
import { boot } from '../index.ts';
import { readPrograms, RESULT_SIZE } from '../programs/read-programs.ts';
import { describeInLab, inFull } from '../testing.ts';

for (const name of inFull(['K612'], ['K72', 'K612arm64'])) {
  describeInLab(name, 'all variables that its carrier registers', (kernel) => {
    it('are read by programs without a fault, page tables isolated, and hold what they should', async () => {
      const { reads, compared, wrong } = await readAll(kernel);
      say(`${name}: ${reads} ksyms read, ${compared} compared with vmlinux`);
      expect(reads).toBeGreaterThan(20_000);
      expect(wrong).toEqual([]);
      expect(compared).toBeGreaterThan(500);
    });
  });
}

async function readAll(kernel: Kernel) {
  const { parts, artifact } = await buildCarriers(kernel);
  const core = parseBtf(parts.core.bytes);
  const ksyms = parseBtf(artifact('vmlinux.ksyms.btf'), { base: core });
  const variables = listVariables(ksyms);
  const booted = await boot(kernel, {
    // Link addresses, so that pointers in read-only data are those of the file.
    commandLine: 'nokaslr pti=on',
    files: [
      { path: 'carrier.ko', bytes: artifact('btf_vmlinux_ksyms.ko') },
      { path: 'programs', bytes: readPrograms(ksyms, variables) },
      {
        path: 'bin/read-ksyms',
        bytes: await compileProgram('read-ksyms.c', kernel.architecture),
        executable: true,
      },
    ],
    steps: [
      { name: 'load', run: 'insmod /carrier.ko' },
      { name: 'read', run: 'read-ksyms btf_vmlinux_ksyms /programs /results' },
      { name: 'results', run: 'cat /results' },
    ],
  });
  expect(booted.step('load')).toMatchObject({ status: 0 });
  const read = booted.step('read');
  expect(read.kernelLog).not.toMatch(/BUG|Oops|fault|Call Trace/i);
  expect([read.output, read.status]).toEqual([expect.stringMatching(/ programs ran\n$/), 0]);
  const results = Buffer.from(booted.step('results').output, 'latin1');
  expect(results).toHaveLength(variables.length * RESULT_SIZE);

  using vmlinux = openFileSource(kernel.vmlinux);
  const linked = constants(readElf(vmlinux), ksyms);
  let compared = 0;
  const wrong = variables.flatMap((variable, index) => {
    const result = results.subarray(index * RESULT_SIZE, (index + 1) * RESULT_SIZE);
    const status = result.readBigInt64LE(8);
    if (status !== 0n) return [`${variable.name}: ${status}`];
    const expected = linked(variable);
    if (!expected) return [];
    compared++;
    const found = result.subarray(0, expected.length);
    return found.equals(expected) ? [] : [`${variable.name}: ${found.toString('hex')}`];
  });
  return { reads: variables.length, compared, wrong };
}

/**
 * The first bytes in the file of variables that a kernel does not change: numbers and text in
 * read-only data, except data that becomes read-only after the start, and pointers, which arm64
 * relocates.
 */
function constants(elf: Elf, btf: Btf): (variable: Variable) => Buffer | undefined {
  const section = elf.section('.rodata');
  const address = (name: string): bigint => elf.symbol(name)?.value ?? 0n;
  const start = address('__start_ro_after_init');
  const end = address('__end_ro_after_init');
  return ({ place, type }) => {
    if (!section || place?.section !== section.name || !isNumbers(btf, type)) return undefined;
    const at = section.address + BigInt(place.offset);
    if (at >= start && at < end) return undefined;
    const bytes = elf.bytesAtAddress(at, Math.min(8, place.size));
    return bytes && Buffer.from(bytes);
  };
}

function isNumbers(btf: Btf, type: number): boolean {
  const plain = btf.resolve(type) ?? 0;
  if (btf.kind(plain) === Kind.ARRAY) return isNumbers(btf, btf.tail(plain, 0));
  // A long may hold an address: kallsyms_relative_base.
  return btf.kind(plain) === Kind.INT && btf.sizeOrType(plain) < 8;
}
