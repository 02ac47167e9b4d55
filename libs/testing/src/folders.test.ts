import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { folderOfEachTest, testFolder } from './folders.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const outlived: string[] = [];
afterAll(() => expect(outlived.filter((path) => existsSync(path))).toEqual([]));

describe('a folder of these tests', () => {
  const folder = testFolder();
  outlived.push(folder);
  test('is there and empty', () => {
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, 'file'), '');
  });
  test('is the same for the next one', () => {
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

describe.skip('a folder of tests that are skipped', () => {
  const folder = testFolder();
  outlived.push(folder);
  test('is not made', () => undefined);
});

describe('a folder of each test', () => {
  const folder = folderOfEachTest();
  outlived.push(folder);
  test.each([1, 2])('is empty for test %i', () => {
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, 'file'), '');
  });
});

test('a folder that is disposed of is gone, twice too', () => {
  const folder = new TemporaryFolder();
  writeFileSync(folder.at('file'), '');
  outlived.push(folder.path);
  folder[Symbol.dispose]();
  folder[Symbol.dispose]();
  expect(existsSync(folder.path)).toBe(false);
});
