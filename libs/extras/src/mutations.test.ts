import { FormatError } from '@btf-depot/bytes';
import { addDeclTag, addVariable, Kind, parseBtf, type Btf } from '@btf-depot/btf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attachVariables, listVariables, partition } from './index.ts';
import { smallKernel } from './testing/kernels.ts';

const core = smallKernel();
const full = smallKernel({
  more: (b, { task, int, comm }) => {
    const init = addVariable(b, 'init_task', task, 1);
    addDeclTag(b, 'tag', init, -1);
    return {
      '.data': [
        { type: init, offset: 0, size: 56 },
        { type: addVariable(b, 'comm', comm, 0), offset: 64, size: 16 },
      ],
      '.bss': [{ type: addVariable(b, 'count', int, 0), offset: 0, size: 4 }],
    };
  },
});

/** Replaces some words of a BTF by small numbers, by its own ids and offsets, or by any number. */
function mutated(btf: Btf): fc.Arbitrary<Uint8Array> {
  const words = Math.floor(btf.bytes.length / 4);
  const value = fc.oneof(
    fc.nat(btf.endId),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.tuple(fc.nat(31), fc.nat(8), fc.nat(1)).map(([kind, vlen, kflag]) => {
      return ((kflag << 31) | (kind << 24) | vlen) >>> 0;
    }),
  );
  const change = fc.tuple(fc.integer({ min: 2, max: words - 1 }), value);
  return fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => {
    const bytes = btf.bytes.slice();
    const view = new DataView(bytes.buffer);
    for (const [word, number] of changes) view.setUint32(word * 4, number, true);
    return bytes;
  });
}

/** Fails on anything but a value or a FormatError. */
function valueOrFormatError(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

it('gives a value or a FormatError for damaged BTF, and what it writes can be read', () => {
  fc.assert(
    fc.property(
      mutated(core),
      mutated(full),
      fc.constantFrom(1, 2, 3),
      (coreBytes, fullBytes, which) => {
        valueOrFormatError(() => {
          const base = which === 1 ? core : parseBtf(coreBytes);
          const other = which === 2 ? full : parseBtf(fullBytes);
          listVariables(other);
          const { bytes } = attachVariables(base, other);
          listVariables(readBack(bytes, base));
        });
        valueOrFormatError(() => {
          const result = partition(parseBtf(fullBytes));
          if (result.origin === 'partition') readBack(result.vars.bytes, result.core);
        });
      },
    ),
    { numRuns: 20_000 },
  );
});

/** An error here is our own fault. */
function readBack(bytes: Uint8Array, base: Btf): Btf {
  try {
    return parseBtf(bytes, { base });
  } catch (error) {
    throw new Error('unreadable output', { cause: error });
  }
}

it('ends for chains of a hundred thousand types, with references forwards or backwards', () => {
  const chain = (end: 'int' | 'char', length: number, forwards: boolean): Btf =>
    smallKernel({
      more: (b, types) => {
        const first = b.nextId;
        for (let link = 0; link < length; link++) {
          const last = forwards ? link === length - 1 : link === 0;
          b.add({ kind: Kind.PTR, sizeOrType: last ? types[end] : b.nextId + (forwards ? 1 : -1) });
        }
        const head = forwards ? first : b.nextId - 1;
        return { '.data': [{ type: addVariable(b, end, head, 0), offset: 0, size: 8 }] };
      },
    });
  const backwards = chain('int', 100_000, false);
  expect(attachVariables(chain('char', 99_999, false), backwards)).toMatchObject({ appended: 1e5 });
  expect(() => attachVariables(chain('char', 99_999, true), chain('int', 1e5, true))).toThrow(
    expect.objectContaining({ code: 'types-too-deep' }),
  );
});
