import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addInt, BtfBuilder, parseBtf } from '@btf-depot/btf';
import { bytesSource } from '@btf-depot/bytes';
import { listVariables, variablesFromDwarf } from '@btf-depot/extras';
import { testFolder } from '@btf-depot/testing/folders';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { expect } from 'vitest';

const folder = testFolder();

const SOURCE = `
static _Bool flag;
static char letter;
static int number;
static char other = 3;
int plain = 3;
void use(int x) { plain = x; }
void set(void) { flag = 1; number = 1; letter = 1; other = 7; }
void get(void) { if (flag) use(1); if (number) use(2); if (letter) use(3); use(other); }
void _start(void) { set(); get(); }
`;

testWith(
  ['clang', 'ld', 'nm', 'readelf'],
  'of the variables that clang makes a byte of, those that are there in full size are taken',
  async () => {
    writeFileSync(join(folder, 'two.c'), SOURCE);
    const flags = ['-g', '-O2', '-ffreestanding', '-fno-inline', '-fno-pic'];
    await runIn(folder, ['clang', ...flags, '-c', 'two.c', '-o', 'two.o']);
    await runIn(folder, ['ld', '-Ttext=0xffffffff81000000', 'two.o', '-o', 'two']);
    const dwarf = await runIn(folder, ['readelf', '--debug-dump=info', 'two']);
    const shrunk = dwarf.match(/DW_OP_deref_size: 1;/g) ?? [];
    const builder = new BtfBuilder({ endian: 'little' });
    addInt(builder, 'int', 4, 1);
    const core = parseBtf(builder.finish());
    const file = bytesSource(readFileSync(join(folder, 'two')));
    const { bytes, coverage } = variablesFromDwarf(file, core);
    const places = listVariables(parseBtf(bytes, { base: core })).map(
      ({ name, place }) => [name, place?.size] as const,
    );
    expect(new Map(places)).toEqual(
      new Map([
        ['flag', 1],
        ['letter', 1],
        ['plain', 4],
      ]),
    );
    // `number` is four bytes in C and one here; the byte of `other` is not its value.
    expect(coverage).toMatchObject({ seen: 5, taken: 3, twoValued: 2, leftOut: { shrunk: 2 } });
    expect(shrunk).toHaveLength(4);
    expect(await runIn(folder, ['nm', '-S', 'two'])).toMatch(/^\w+ 0{15}1 b number$/m);
  },
);
