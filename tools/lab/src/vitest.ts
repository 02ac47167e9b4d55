// Global set-up of vitest's project `lab`: QEMU, and the kernels of tools/kernels. With
// BTFDEPOT_LAB=full it fetches those without debug information.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bareKernel,
  bareKernelNames,
  provideBareKernel,
  type BareKernel,
  type BareKernelName,
} from '@btf-depot/kernels';
import { Absent, provided, say, type Provided } from '@btf-depot/services/provision';
import kernelsSetup from '@btf-depot/kernels/vitest';
import type { TestProject } from 'vitest/node';
import { provideLab } from './programs/programs.ts';
import './once-a-run.ts';
import './testing.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await kernelsSetup(project);
  const lab: Provided<true> = await provided(async () => {
    await provideLab();
    return true as const;
  });
  if ('absent' in lab) say(`TESTS ARE SKIPPED: ${lab.absent}`);
  project.provide('lab', lab);
  const bare: Partial<Record<BareKernelName, Provided<BareKernel>>> = {};
  for (const name of bareKernelNames) {
    const fetches = process.env.BTFDEPOT_LAB === 'full';
    bare[name] = fetches ? await provided(() => provideBareKernel(name)) : inCache(name);
  }
  project.provide('bareKernels', bare as Record<BareKernelName, Provided<BareKernel>>);
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-lab-run-'));
  project.provide('labFolder', folder);
  return () => rm(folder, { recursive: true });
}

/** Nobody asked for it: its absence is no failure, not even under CI. */
function inCache(name: BareKernelName): Provided<BareKernel> {
  try {
    return { value: bareKernel(name) };
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    return { absent: error.message };
  }
}
