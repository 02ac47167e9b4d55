import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as library from './index.ts';

it('the README names everything that is exported', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const missing = Object.keys(library).filter((name) => !readme.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
