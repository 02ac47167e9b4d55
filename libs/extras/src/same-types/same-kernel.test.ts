import { addComposite, addVariable, Kind, parseBtf } from '@btf-depot/btf';
import { describe, expect, it } from 'vitest';
import { attachVariables } from '../variables/attach-variables.ts';
import { codeOf, globals, smallKernel } from '../testing/kernels.ts';

describe('full of another kernel', () => {
  const core = smallKernel({
    more: (b, { int }) => {
      addComposite(b, Kind.STRUCT, 'only_here', 4, [{ name: 'a', type: int, bitOffset: 0 }]);
      return {};
    },
  });

  it('is refused with the number of types that it shares', () => {
    const action = () => attachVariables(core, smallKernel({ more: globals }));
    expect(codeOf(action)).toBe('foreign-full');
    expect(action).toThrow('has 2 of the 3 named structs and unions of core');
  });

  it('is refused where a per-CPU variable lies elsewhere', () => {
    const full = smallKernel({
      more: (b, { taskPointer }) => ({
        '.data..percpu': [{ type: addVariable(b, 'moved', taskPointer, 1), offset: 0, size: 8 }],
      }),
    });
    const other = smallKernel({
      more: (b, { taskPointer }) => ({
        '.data..percpu': [{ type: addVariable(b, 'moved', taskPointer, 1), offset: 8, size: 8 }],
      }),
    });
    const action = () => attachVariables(other, full);
    expect(codeOf(action)).toBe('foreign-full');
    expect(action).toThrow("'moved' at offset 0 of .data..percpu, where core has it at 8");
  });

  it('is refused in the other byte order, and as split BTF', () => {
    expect(codeOf(() => attachVariables(core, smallKernel({ endian: 'big' })))).toBe('btf-base');
    const split = parseBtf(attachVariables(smallKernel(), smallKernel({ more: globals })).bytes, {
      base: smallKernel(),
    });
    expect(codeOf(() => attachVariables(core, split))).toBe('btf-base');
  });

  it('is refused where an entry of a section is no variable', () => {
    const full = smallKernel({
      more: (_, { task }) => ({ '.data': [{ type: task, offset: 0, size: 56 }] }),
    });
    expect(codeOf(() => attachVariables(smallKernel(), full))).toBe('datasec-entry');
  });
});
