import {
  addArray,
  addInt,
  addPointer,
  addSection,
  addVariable,
  BtfBuilder,
  Kind,
  parseBtf,
} from '@btf-depot/btf';
import { expect, test } from 'vitest';
import { coreAndVariables } from './core-and-variables.ts';

/** Full BTF of a kernel without its own, with `extern struct NAME *pointer;`. */
function fullWith(name: string): Uint8Array {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  addArray(b, int, int, 2);
  const forward = b.add({ kind: Kind.FWD, name: b.string(name) });
  const pointer = addVariable(b, 'pointer', addPointer(b, forward), 1);
  addSection(b, '.data', 8, [{ type: pointer, offset: 0, size: 8 }]);
  return b.finish();
}

test('what is taken apart keeps the rules of kernels, or is refused by the name of the type', () => {
  const split = (name: string) =>
    coreAndVariables({
      base: parseBtf(fullWith(name)),
      isOwn: false,
      keepsCore: false,
      passes: {},
    });
  expect(split('hidden').vars?.variables).toBe(1);
  expect(() => split('')).toThrow(
    expect.objectContaining({
      code: 'bad-btf',
      message: expect.stringMatching(/\[\d+\] FWD: Invalid name/) as string,
    }) as Error,
  );
});
