import type { DepotClient } from '@btf-depot/client';
import { expect, it } from 'vitest';
import { needLinux } from './running-kernel.ts';
import { UsageError } from '../options/usage-error.ts';
import { findBuildId, namesKernel, wholeBuildId } from './which-kernel.ts';

const whole = ['aaa01', 'aaa02', 'bbb03'].map((start) => start.padEnd(40, '0'));
const client = {
  kernelPage: ({ buildId = '' }: { buildId?: string }) =>
    Promise.resolve({
      kernels: whole.filter((one) => one.startsWith(buildId)).map((one) => ({ buildId: one })),
    }),
} as unknown as DepotClient;

it('a build ID may be shortened where one kernel has it', async () => {
  expect(await wholeBuildId(client, 'bbb03')).toBe(whole[2]);
  expect(await wholeBuildId(client, whole[0])).toBe(whole[0]);
});

it('one that several kernels or none match is refused, with the matches', async () => {
  await expect(wholeBuildId(client, 'aaa0')).rejects.toThrow(
    'several build IDs begin with aaa0: aaa0100',
  );
  await expect(wholeBuildId(client, 'ccc0')).rejects.toThrow('no kernel whose build ID begins');
  // Eight digits are a build ID themselves: the depot tells whether it has it.
  expect(await wholeBuildId(client, 'cc000000')).toBe('cc000000');
});

it('a word that no kernel begins with finds no build ID', async () => {
  expect(await findBuildId(client, 'bbb0')).toBe(whole[2]);
  expect(await findBuildId(client, 'ccc0')).toBeUndefined();
});

it('a file is a file, whatever it is called', () => {
  expect([namesKernel('abcd'), namesKernel('vmlinux'), namesKernel('ab')]).toEqual([
    true,
    false,
    false,
  ]);
});

it.each(['darwin', 'win32', 'freebsd'] as const)(
  '%s has no running kernel to ask for',
  (system) => {
    const message = `needs a running Linux kernel, and this system is ${system}`;
    expect(() => needLinux('--running', system)).toThrow(UsageError);
    expect(() => needLinux('--running', system)).toThrow(message);
    expect(() => needLinux('--running', 'linux')).not.toThrow();
  },
);
