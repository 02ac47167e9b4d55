import { afterEach, expect, it, vi } from 'vitest';
import { Absent, provided } from './absent.ts';
import { attempt } from './command.ts';

afterEach(() => vi.unstubAllEnvs());

const absent = () => Promise.reject(new Absent('no server', 'Install one.'));

it('is handed on as a reason on a person’s machine', async () => {
  vi.stubEnv('CI', undefined);
  expect(await provided(absent)).toEqual({ absent: 'no server. Install one.' });
  expect(await provided(() => Promise.resolve(1))).toEqual({ value: 1 });
});

it('is a failure under CI', async () => {
  vi.stubEnv('CI', 'true');
  await expect(provided(absent)).rejects.toThrow('no server');
});

it('is not what other errors are taken for', async () => {
  vi.stubEnv('CI', undefined);
  await expect(provided(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
});

it('is what a command is that nobody installed', async () => {
  await expect(attempt('btf-depot-no-such-command', [])).rejects.toThrow(Absent);
});
