import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { download } from './download.ts';

const bytes = someBytes(4000, 'download');
const wanted = { sha256: sha256Of(bytes), size: bytes.length };
const folder = folderOfEachTest();
const output = join(folder, 'file');

/** Sends pieces of 1000 bytes, each when `turn` lets it. */
function sending(turn: (at: number) => Promise<unknown>) {
  return {
    async *blob(_: unknown, start = 0) {
      for (let at = start; at < bytes.length; at += 1000) {
        await turn(at);
        yield bytes.slice(at, at + 1000);
      }
    },
  };
}

it('two downloads to one file leave it complete, in any order', async () => {
  const half = Promise.withResolvers<undefined>();
  const other = Promise.withResolvers<undefined>();
  const first = download(
    sending(async (at) => {
      if (at === 2000) half.resolve(undefined);
      if (at >= 2000) await other.promise;
    }),
    wanted,
    output,
  );
  await half.promise;
  const second = download(
    sending((at) => {
      if (at === 3000) other.resolve(undefined);
      return at === 3000 ? first : Promise.resolve();
    }),
    wanted,
    output,
  );
  await Promise.all([first, second]);
  expect(await readFile(output)).toEqual(Buffer.from(bytes));
  expect(await readdir(folder)).toEqual(['file']);
});

it('a part that is too long is downloaded anew', async () => {
  await writeFile(`${output}.${wanted.sha256.slice(0, 12)}.part`, Buffer.alloc(9000));
  await download(
    sending(() => Promise.resolve()),
    wanted,
    output,
  );
  expect(await readFile(output)).toEqual(Buffer.from(bytes));
});

it('a part of a damaged blob is downloaded anew, and a wrong file is not kept', async () => {
  const part = `${output}.${wanted.sha256.slice(0, 12)}.part`;
  await writeFile(part, Buffer.alloc(1000));
  const at: number[] = [];
  await download(
    sending((from) => Promise.resolve(at.push(from))),
    wanted,
    output,
  );
  expect(at).toEqual([1000, 2000, 3000, 0, 1000, 2000, 3000]);
  expect(await readFile(output)).toEqual(Buffer.from(bytes));
  const other = { ...wanted, sha256: sha256Of(someBytes(4, 'another')) };
  const wrong = download(
    sending(() => Promise.resolve()),
    other,
    `${output}2`,
  );
  await expect(wrong).rejects.toThrow('SHA-256');
  expect(await readdir(folder)).toEqual(['file']);
});

it('a folder is refused before anything is written', async () => {
  const asked = download(
    sending(() => Promise.resolve()),
    wanted,
    folder,
  );
  await expect(asked).rejects.toThrow('is a folder');
  expect(await readdir(folder)).toEqual([]);
});

it('a download that is refused leaves no file', async () => {
  const refused = sending(() => Promise.reject(new Error('503')));
  await expect(download(refused, wanted, output)).rejects.toThrow('503');
  expect(await readdir(folder)).toEqual([]);
});
