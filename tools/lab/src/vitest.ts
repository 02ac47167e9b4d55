// Global set-up of vitest's project `lab`: QEMU, and the kernels that tools/kernels knows.
import { provided, say, type Provided } from '@btf-depot/services/provision';
import kernelsSetup from '@btf-depot/kernels/vitest';
import type { TestProject } from 'vitest/node';
import { provideLab } from './programs.ts';
import './testing.ts';

export default async function setup(project: TestProject): Promise<void> {
  await kernelsSetup(project);
  const lab: Provided<true> = await provided(async () => {
    await provideLab();
    return true as const;
  });
  if ('absent' in lab) say(`TESTS ARE SKIPPED: ${lab.absent}`);
  project.provide('lab', lab);
}
