import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addComposite, addInt, BtfBuilder, Kind, parseBtf } from '@btf-depot/btf';
import { writeRelocatable } from '@btf-depot/elf';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, it } from 'vitest';
import { openBtf } from '../../files/btf-file.ts';
import { inspectFile } from './inspect-file.ts';

const folder = testFolder();
const at = (name: string) => join(folder, name);

/** A base with these structures, in this order. */
function baseOf(...names: string[]): Uint8Array {
  const builder = new BtfBuilder();
  const int = addInt(builder, 'int', 4);
  for (const name of names) {
    addComposite(builder, Kind.STRUCT, name, 4, [{ name: 'member', type: int, bitOffset: 0 }]);
  }
  return builder.finish();
}

beforeAll(async () => {
  const own = baseOf('first_structure', 'second');
  const split = new BtfBuilder({ base: parseBtf(own) });
  addComposite(split, Kind.STRUCT, 'second', 8, []);
  const module = (sections: Record<string, Uint8Array>) =>
    writeRelocatable({
      class: 64,
      endian: 'little',
      machine: 62,
      sections: Object.entries(sections).map(([name, bytes]) => ({ name, bytes })),
    });
  await writeFile(at('own'), own);
  await writeFile(at('other'), baseOf('a', 'another_structure', 'b'));
  await writeFile(at('split'), split.finish());
  const named = Buffer.from(`btf_base_sha256=${'ab'.repeat(32)}\0`);
  await writeFile(at('carrier'), module({ '.modinfo': named, '.BTF': split.finish() }));
  await writeFile(at('distilled'), module({ '.BTF': split.finish(), '.BTF.base': own }));
});

it('split BTF is read on the base that it was split from', async () => {
  const btf = await openBtf(at('split'), at('own'));
  expect(btf.name(btf.firstId)).toBe('second');
});

it('a base of another build is detected, by the hash in a carrier, or by names that do not fit', async () => {
  await expect(openBtf(at('carrier'), at('own'))).rejects.toThrow(/SHA-256 abab.*the base given/);
  await expect(openBtf(at('split'), at('other'))).rejects.toMatchObject({ code: 'btf-base' });
});

it('a module is read on its own distilled base, and inspected on it', async () => {
  const btf = await openBtf(at('distilled'));
  expect([btf.firstId, btf.base?.typeCount]).toEqual([4, 3]);
  expect((await openBtf(at('distilled'), undefined, '.BTF.base')).typeCount).toBe(3);
  const inspected = await inspectFile(at('distilled'));
  expect(inspected.btf).toMatchObject([
    { section: '.BTF', types: 1 },
    { section: '.BTF.base', types: 3 },
  ]);
});

it('a module is relocated from its distilled base, or every obstacle is listed', async () => {
  expect((await openBtf(at('distilled'), at('own'))).firstId).toBe(4);
  await expect(openBtf(at('distilled'), at('other'))).rejects.toMatchObject({
    code: 'btf-relocate',
    message: expect.stringMatching(/first_structure.*\n.*second/) as string,
  });
  const { btf } = await inspectFile(at('distilled'), { base: at('other') });
  const lost = btf.flatMap((one) => ('unrelocated' in one ? (one.unrelocated ?? []) : []));
  expect(lost.map(({ name }) => name)).toEqual(['first_structure', 'second']);
});
