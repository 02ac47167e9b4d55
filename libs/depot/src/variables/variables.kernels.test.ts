import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseBtf, verifyBtf } from '@btf-depot/btf';
import { attachVariables, listVariables } from '@btf-depot/extras';
import { bpftool } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { variablesAsC } from './describe-variable.ts';
import { openVariables, type VariableTable } from './variable-table.ts';
import { variablesAsBtf } from './variables-as-btf.ts';

const run = promisify(execFile);

describeWithKernels(['K612'], 'variables of a real kernel', ({ K612 }) => {
  let folder: string;
  let table: VariableTable;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'btf-depot-variables-'));
    const core = await readFile(K612.coreBtf);
    const full = await readFile(K612.fullBtf);
    const { bytes: vars } = attachVariables(parseBtf(core), parseBtf(full));
    table = openVariables({ core, vars });
  });

  afterAll(() => rm(folder, { recursive: true }));

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
      expect(verifyBtf(variablesAsBtf(table, table.find(name)))).toEqual([]);
    }
  });

  test.each(['init_task', 'runqueues', 'verbose', 'bts_ctx'])('bpftool reads %s', async (name) => {
    const file = join(folder, `${name}.btf`);
    await writeFile(file, variablesAsBtf(table, table.find(name)));
    const dump = await bpftool(['btf', 'dump', 'file', file]);
    expect(dump).toContain(`VAR '${name}'`);
  });

  test('as C they compile, each by itself', async (context) => {
    await run('cc', ['--version']).catch(() => context.skip('needs a C compiler'));
    const step = Math.floor(table.names.length / 100);
    for (let at = 0; at < table.names.length; at += step) {
      const file = join(folder, 'one.c');
      await writeFile(file, variablesAsC(table, table.find(table.names[at])));
      await run('cc', ['-std=gnu11', '-fsyntax-only', '-w', file]);
    }
  });
});
