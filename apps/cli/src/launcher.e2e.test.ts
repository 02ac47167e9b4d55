import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '@btf-depot/contracts/version';
import { expect, test } from 'vitest';

const launcher = fileURLToPath(new URL('../btfdepot.mjs', import.meta.url));
const WANTS =
  /^btfdepot: Node 24 or newer is needed, and this is v\d+\.\d+\.\d+\. Run "npx btfdepot/;

function run(node: string, ...options: string[]) {
  const { status, stdout, stderr } = spawnSync(node, [...options, launcher, '--version'], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** A Node of this machine that is too old for the sources. */
const old = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((node) => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    return typeof stdout === 'string' && Number.parseInt(stdout.slice(1), 10) < 24;
  });

test.skipIf(old === undefined)('an old Node names the required version', () => {
  const { status, stderr } = run(old ?? '');
  expect([status, stderr]).toEqual([1, expect.stringMatching(WANTS)]);
});

test('so does a Node that only claims to be old', () => {
  const claim = "Object.defineProperty(process, 'version', { value: 'v20.1.0' })";
  const { status, stderr } = run(process.execPath, '--import', `data:text/javascript,${claim}`);
  expect([status, stderr]).toEqual([1, expect.stringMatching(WANTS)]);
});

test("the project's own Node runs the command", () => {
  expect(run(process.execPath)).toMatchObject({ status: 0, stdout: `${VERSION}\n`, stderr: '' });
});
