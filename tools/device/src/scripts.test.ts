import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inPath } from '@btf-depot/services/provision';
import { expect, it } from 'vitest';
import { CLIENT } from './testing/device.ts';

const folder = fileURLToPath(new URL('../../../infra/device', import.meta.url));
const PLACE = `${folder}/btfdepot-place`;
const scripts = globSync(`${folder}/**/*`).filter(
  (path) => statSync(path).isFile() && /^#!\/bin\/(?:ba)?sh\b/.test(readFileSync(path, 'latin1')),
);

it('the client has at most 10,000 bytes, and 2,000 more for a kernel without BTF', () => {
  expect(statSync(CLIENT).size).toBeLessThanOrEqual(10_000);
  expect(statSync(PLACE).size).toBeLessThanOrEqual(2000);
});

const absent = inPath('shellcheck') === undefined && process.env.CI !== 'true';
it.skipIf(absent)('scripts are as shellcheck wants them (needs the program)', () => {
  expect(scripts).toContain(CLIENT);
  expect(execFileSync('shellcheck', [...scripts, PLACE], { encoding: 'utf8' })).toBe('');
});
