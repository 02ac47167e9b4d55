// Global set-up of vitest's project `kernels`: fetches the default set; other kernels exist if
// someone fetched them by name.
import { Absent, provided, say, type Provided } from '@btf-depot/services/provision';
import type { TestProject } from 'vitest/node';
import { provideTools } from './judges.ts';
import { kernel, provideKernel, type Kernel } from './kernel.ts';
import { kernelNames, kernels, type KernelName } from './table.ts';
import './testing.ts';

export default async function setup(project: TestProject): Promise<void> {
  const found: Partial<Record<KernelName, Provided<Kernel>>> = {};
  const tools = await provided(provideTools);
  for (const name of kernelNames) {
    if (!kernels[name].byDefault) found[name] = inCache(name);
    else found[name] = 'absent' in tools ? tools : await provided(() => provideKernel(name));
    const one = found[name];
    if ('absent' in one && kernels[name].byDefault) say(`TESTS ARE SKIPPED: ${one.absent}`);
  }
  project.provide('kernels', found as Record<KernelName, Provided<Kernel>>);
}

/** Nobody asked for it: its absence is no failure, not even under CI. */
function inCache(name: KernelName): Provided<Kernel> {
  try {
    return { value: kernel(name) };
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    return { absent: error.message };
  }
}
