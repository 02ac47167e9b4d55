import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { promtoolCommand } from './index.ts';
import { provided } from './provision/index.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = fileURLToPath(new URL('../../../infra/prometheus/', import.meta.url));
const promtool = await provided(promtoolCommand);

test.for([
  ['check', 'rules', 'btf-depot.rules.yml'],
  ['test', 'rules', 'btf-depot.rules.test.yml'],
])('promtool %s %s %s', async (args, { skip }) => {
  if ('absent' in promtool) return skip(promtool.absent);
  const [file, ...first] = promtool.value;
  const { stdout } = await promisify(execFile)(file, [...first, ...args], { cwd: folder });
  expect(stdout).toContain('SUCCESS');
});
