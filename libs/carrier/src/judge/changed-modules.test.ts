import { bytesSource } from '@btf-depot/bytes';
import { readElf, SectionFlag, SectionType } from '@btf-depot/elf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carrier, judgeCarrier, readModinfo } from '../index.ts';
import { arm64, empty, input } from '../testing/honest-modules.ts';
import { signatureOf } from '../testing/index.ts';

const { ALLOC, WRITE, EXECINSTR } = SectionFlag;

describe('whatever is changed in an honest module,', () => {
  const modules = [
    carrier(input),
    carrier(arm64),
    empty,
    Buffer.concat([carrier(input), signatureOf()]),
  ];

  it('one byte: it is refused, or has no more effect than before', () => {
    for (const module of modules) {
      for (let at = 0; at < module.length; at++) {
        const worse = Uint8Array.from(module);
        worse[at] = (worse[at] ?? 0) ^ (1 << (at % 8));
        expectHarmless(worse, module);
      }
    }
  });

  it('many bytes, or its length: the same, and never a crash', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...modules),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 4, 6, 8, 0x40, 0x7f, 0x80, 0xff)), {
          maxLength: 6,
        }),
        fc.integer({ min: -64, max: 64 }),
        (changes, damage, more) => {
          const worse = new Uint8Array(Math.max(0, changes.length + more));
          worse.set(changes.subarray(0, worse.length));
          for (const [at, value] of damage) if (worse.length > 0) worse[at % worse.length] = value;
          expectHarmless(worse, changes);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

/**
 * A kernel treats an accepted module like the honest one: the same sections of the same kinds, and
 * other bytes only in BTF, texts of .modinfo, and numbers that only decide whether it is loaded.
 */
function expectHarmless(module: Uint8Array, honest: Uint8Array): void {
  const judgement = judgeCarrier(module);
  if (judgement.as === 'refused') return;
  const [before, after] = [honest, module].map((one) => readElf(bytesSource(one)));
  if (!before || !after) throw new Error('unreachable');
  const shape = (elf: typeof before) =>
    elf.sections.map(({ name, type, flags }) => [
      isPlaceholder(name) ? [name, isZeros(type)] : [name.replace(/^\.BTF\..*/, '.BTF.x'), type],
      isPlaceholder(name) ? flags & ~(ALLOC | WRITE | EXECINSTR) : flags & ~ALLOC,
    ]);
  expect(shape(after)).toEqual(shape(before));
  const keys = (elf: typeof before) => {
    const section = elf.section('.modinfo');
    return readModinfo(section ? elf.bytes(section) : new Uint8Array()).map(({ key }) => key);
  };
  expect(keys(before)).toEqual(expect.arrayContaining(keys(after)));
  for (const section of after.sections) {
    expect(section.align).toBeLessThanOrEqual(4096);
    const bytes = after.bytes(section);
    if (section.flags & EXECINSTR) expect(bytes.every((byte) => byte === 0)).toBe(true);
    if (section.name !== '.gnu.linkonce.this_module') continue;
    expect(bytes.every((byte, at) => byte === 0 || (at >= 24 && at < 80))).toBe(true);
  }
}

/** Both types give a placeholder nothing but zeros. */
function isZeros(type: number): boolean {
  return type === SectionType.PROGBITS || type === SectionType.NOBITS;
}

function isPlaceholder(name: string): boolean {
  return /plt$|trampoline$/.test(name);
}
