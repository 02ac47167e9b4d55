import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  addComposite,
  addInt,
  addSection,
  addVariable,
  BtfBuilder,
  Kind,
  parseBtf,
} from '@btf-depot/btf';
import { bytesSource } from '@btf-depot/bytes';
import { listVariables } from '@btf-depot/extras';
import { buildIdOf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { expect } from 'vitest';
import { kernelPieces } from './kernel-pieces.ts';
import { splitKernel, type KernelParts } from './split-kernel.ts';

const folder = testFolder();

/** gcc lays `alone` before `both`; `linked` is where the linker script puts it, and C only declares it. */
const SOURCE = `
extern int linked;
struct pair { int one, two; };
int both = 3;
struct pair alone = { 1, 2 };
void _start(void) { both = linked + alone.one; }
`;

const SCRIPT = `SECTIONS {
  . = 0xffffffff81000000; .text : { *(.text*) } .notes : { *(.note.gnu.build-id) }
  .data : { *(.data*) linked = .; LONG(7) } /DISCARD/ : { *(.comment) *(.eh_frame) } }
`;

function btf(withVariables: boolean): Uint8Array {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  // What stays in core.
  addComposite(b, Kind.STRUCT, 'task', 4, [{ name: 'pid', type: int, bitOffset: 0 }]);
  if (withVariables) {
    const both = addVariable(b, 'both', int, 1);
    addSection(b, '.data', 12, [{ type: both, offset: 8, size: 4 }]);
  }
  return b.finish();
}

function namesOf({ core, vars }: KernelParts): string[] {
  const all = parseBtf(vars?.bytes ?? new Uint8Array(), { base: parseBtf(core.bytes) });
  return listVariables(all).map(({ name }) => name);
}

async function vmlinux(own: Uint8Array | undefined): Promise<Uint8Array> {
  writeFileSync(join(folder, 'k.c'), SOURCE);
  writeFileSync(join(folder, 'k.ld'), SCRIPT);
  const flags = ['-g', '-O1', '-mcmodel=kernel', '-ffreestanding', '-fno-pic', '-nostdlib'];
  const link = ['-static', '-no-pie', `-Wl,--build-id=0x${buildIdOf('united')}`, '-Wl,-T,k.ld'];
  await runIn(folder, ['gcc', ...flags, ...link, 'k.c', '-o', 'k']);
  if (own) {
    writeFileSync(join(folder, 'k.btf'), own);
    const set = ['--set-section-flags', '.BTF=alloc,readonly,contents'];
    await runIn(folder, ['objcopy', '--add-section', '.BTF=k.btf', ...set, 'k']);
  }
  return readFileSync(join(folder, 'k'));
}

const options = { extras: ['vars'] } as const;

testWith(
  ['gcc', 'objcopy'],
  'a full BTF is united with the DWARF beside it: each variable once, and whence it is, counted',
  async () => {
    for (const [own, origin] of [
      [btf(false), 'full'],
      [undefined, 'partition'],
    ] as const) {
      const kernel = await vmlinux(own);
      const input = { kernel: bytesSource(kernel), full: bytesSource(btf(true)) };
      const parts = splitKernel(input, options);
      expect(namesOf(parts).sort(), origin).toEqual(['alone', 'both', 'linked']);
      expect(parts.vars, origin).toMatchObject({
        origin,
        variables: 3,
        coverage: { origins: { full: 1, dwarf: 2 }, declared: 1 },
      });
      // Split here, and sent without its DWARF, it is the same.
      const pieces = kernelPieces(input, options);
      expect(pieces.parts.vars?.sha256).toBe(parts.vars?.sha256);
    }
  },
);

testWith(['gcc', 'objcopy'], 'a full BTF with all that DWARF has stays as it is', async () => {
  const kernel = await vmlinux(btf(false));
  const first = splitKernel({ kernel: bytesSource(kernel) }, options);
  expect(first.vars).toMatchObject({ origin: 'dwarf', variables: 3 });
  const { full } = kernelPieces({ kernel: bytesSource(kernel) }, options);
  const sent = { kernel: bytesSource(kernel), full: full && bytesSource(full) };
  const again = splitKernel(sent, options);
  expect(again.vars).toMatchObject({
    sha256: first.vars?.sha256,
    coverage: { origins: { full: 3, dwarf: 0 } },
  });
});
