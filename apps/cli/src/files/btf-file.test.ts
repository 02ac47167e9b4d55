import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { writeWhole } from './btf-file.ts';

const folder = folderOfEachTest();

it('a written file is complete, and nothing is left beside it', async () => {
  writeWhole(join(folder, 'file'), Buffer.from('bytes'));
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('bytes');
  expect(await readdir(folder)).toEqual(['file']);
});

it('a failed write leaves nothing', async () => {
  await mkdir(join(folder, 'file', 'in it'), { recursive: true });
  expect(() => {
    writeWhole(join(folder, 'file'), Buffer.from('bytes'));
  }).toThrow();
  expect(await readdir(folder)).toEqual(['file']);
});
