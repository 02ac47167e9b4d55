import { execFile } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseBtf, verifyBtf } from '@btf-depot/btf';
import { readElf } from '@btf-depot/elf';
import { attachVariables, elfImage, encodeLayout, ksyms, listVariables } from '@btf-depot/extras';
import { bpftool } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, test } from 'vitest';
import { finish } from '../answer-room.ts';
import { describeVariable, variablesAsC } from './describe-variable.ts';
import { openVariables, type VariableTable } from './variable-table.ts';
import { variablesAsBtf } from './variables-as-btf.ts';

const run = promisify(execFile);

describeWithKernels(['K612'], 'variables of a real kernel', ({ K612 }) => {
  const folder = testFolder();
  let table: VariableTable;

  beforeAll(async () => {
    const core = await readFile(K612.coreBtf);
    const full = await readFile(K612.fullBtf);
    const { bytes: vars } = attachVariables(parseBtf(core), parseBtf(full));
    table = openVariables({ core, vars });
  });

  test('every variable is found by its name, once', () => {
    const { btf } = table;
    const wanted = [...listVariables(btf.base ?? btf), ...listVariables(btf)].map(
      ({ name, place }) => `${name} ${place?.section ?? ''} ${place?.offset ?? ''}`,
    );
    const found = table.names.flatMap((name) =>
      table.find(name).map(({ section, offset }) => `${name} ${section ?? ''} ${offset ?? ''}`),
    );
    expect(found.sort()).toEqual([...new Set(wanted)].sort());
  });

  test('every one is valid BTF by itself', () => {
    for (const name of table.names) {
      expect(verifyBtf(finish(variablesAsBtf(table, table.find(name))))).toEqual([]);
    }
  });

  test('each lies where its kernel’s own System.map has it, and says why it is no ksym', async () => {
    const core = await readFile(K612.coreBtf);
    const { bytes } = attachVariables(parseBtf(core), parseBtf(await readFile(K612.fullBtf)));
    const file = openSync(K612.vmlinux, 'r');
    const read = (offset: number, length: number) => {
      const into = new Uint8Array(length);
      readSync(file, into, 0, length, offset);
      return into;
    };
    const image = elfImage(readElf({ size: fstatSync(file).size, read }));
    closeSync(file);
    const found = ksyms(parseBtf(bytes, { base: parseBtf(core) }), image);
    if (!found) throw new Error('no ksyms');
    const placed = openVariables({
      core,
      vars: found.vars,
      ksyms: found.ksyms.bytes,
      layout: encodeLayout(found.layout),
    });
    const addresses = new Map<string, bigint[]>();
    for (const line of (await readFile(K612.systemMap, 'utf8')).split('\n')) {
      const [address, , name] = line.split(' ');
      if (name) addresses.set(name, [...(addresses.get(name) ?? []), BigInt(`0x${address}`)]);
    }
    const [text = 0n] = addresses.get('_stext') ?? [];
    const counts = { agree: 0, perCpu: 0, noSymbol: 0 };
    const reasons: Record<string, number> = {};
    for (const name of placed.names) {
      for (const row of placed.find(name)) {
        const { address, fromStext, perCpu, ksym, ksymReason } = describeVariable(placed, row);
        if (ksym === false) reasons[ksymReason ?? '?'] = (reasons[ksymReason ?? '?'] ?? 0) + 1;
        const known = addresses.get(name);
        if (perCpu) counts.perCpu++;
        else if (!known) counts.noSymbol++;
        else if (
          known.includes(BigInt(address ?? 0)) &&
          BigInt(fromStext ?? 0) + text === BigInt(address ?? 0)
        ) {
          counts.agree++;
        } else expect([name, address]).toEqual([name, known]);
      }
    }
    expect(counts).toEqual({ agree: 31_414, perCpu: 384, noSymbol: 0 });
    expect(reasons).toEqual(found.leftOut);
  });

  test.each(['init_task', 'runqueues', 'verbose', 'bts_ctx'])('bpftool reads %s', async (name) => {
    const file = join(folder, `${name}.btf`);
    await writeFile(file, finish(variablesAsBtf(table, table.find(name))));
    const dump = await bpftool(['btf', 'dump', 'file', file]);
    expect(dump).toContain(`VAR '${name}'`);
  });

  test('as C they compile, each by itself', async (context) => {
    await run('cc', ['--version']).catch(() => context.skip('needs a C compiler'));
    const step = Math.floor(table.names.length / 100);
    for (let at = 0; at < table.names.length; at += step) {
      const file = join(folder, 'one.c');
      await writeFile(file, finish(variablesAsC(table, table.find(table.names[at]))).text);
      await run('cc', ['-std=gnu11', '-fsyntax-only', '-w', file]);
    }
  });
});
