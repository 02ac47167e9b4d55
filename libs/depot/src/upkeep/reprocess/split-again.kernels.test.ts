import { readFile } from 'node:fs/promises';
import { bytesSource } from '@btf-depot/bytes';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { expect, test } from 'vitest';
import { splitKernel } from '../../split/split-kernel.ts';
import { splitAgain } from './split-again.ts';

describeWithKernels(['K612'], 'the stored parts of a real kernel', ({ K612 }) => {
  test('give the very same splits again', async () => {
    const kernel = bytesSource(await readFile(K612.vmlinux));
    const full = bytesSource(await readFile(K612.fullBtf));
    const { core, vars, ksyms, release } = splitKernel({ kernel, full }, { extras: ['vars'] });
    if (!vars || !ksyms || release === undefined) throw new Error('no variables');
    const again = splitAgain({ core: core.bytes, vars: vars.bytes, ksyms: ksyms.bytes, release });
    expect([again.vars.sha256, again.ksyms?.sha256]).toEqual([vars.sha256, ksyms.sha256]);
    const { variables, types } = again.vars;
    expect([variables, types]).toEqual([vars.variables, vars.types]);
  });
});
