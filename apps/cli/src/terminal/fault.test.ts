import { ProblemError } from '@btf-depot/client';
import { PROBLEMS, type ProblemCode } from '@btf-depot/contracts';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { describeFault } from './fault.ts';
import { faultOf } from './output.ts';

const problem = (code: ProblemCode, detail: string) =>
  new ProblemError({ code, detail, ...PROBLEMS[code] });

it.each<[ProblemCode, string]>([
  ['core-conflict', '--replace'],
  ['withdrawn', '--restore'],
  ['unauthorized', 'BTFDEPOT_TOKEN'],
  ['pending', 'retry'],
  ['unknown-build-id', 'push'],
])('an error without a way forward names the way out: %s', (code, way) => {
  const { message } = describeFault(problem(code, 'the reason'));
  expect(message).toMatch(/^the reason; /);
  expect(message).toContain(way);
});

it('nothing is repeated: neither the meaning of the code, nor the name of the file', () => {
  const error = problem('unsupported-media', 'vmlinux: no kernel in it');
  expect(faultOf('vmlinux', describeFault(error))).toBe(
    'vmlinux: no kernel in it [unsupported-media]',
  );
  expect(faultOf('other', describeFault(new Error('cut')))).toBe('other: cut');
});

it('for a server that is no depot the status of HTTP is shown', () => {
  const error = new ProblemError({
    code: 'not-a-depot',
    status: 502,
    title: 'HTTP 502',
    detail: 'Bad Gateway',
  });
  expect(describeFault(error).message).toBe('HTTP 502: Bad Gateway');
});

it.each([
  ['/nothing/here', 'no such file: /nothing/here'],
  ['/', '/ is a folder; name a file in it'],
])("the system's own words are translated into plain ones: %s", async (path, says) => {
  const error: unknown = await readFile(path).catch((caught: unknown) => caught);
  const { message } = describeFault(error);
  // Node names no path if it reads a folder.
  expect([says, 'EISDIR: illegal operation on a directory, read']).toContain(message);
});
