import { addComposite, addEnum, addFloat, addInt, addVariable, Kind } from '@btf-depot/btf';
import { describe, expect, it } from 'vitest';
import { attachVariables } from '../variables/attach-variables.ts';
import { attached, smallKernel, type More } from '../testing/kernels.ts';

describe('what encoders may leave out', () => {
  const more =
    (features: boolean, variable: boolean): More =>
    (b, { int }) => {
      const values = [['LOW', -1n]] as const;
      const state = addEnum(b, 'state', 4, features, values);
      // Without enum64 pahole writes the low 32 bits of each value into an ENUM of 8 bytes.
      const wide = features
        ? addEnum(b, 'wide', 8, false, [['FLAG', 0x1_0000_0002n]])
        : b.add({ kind: Kind.ENUM, name: b.string('wide'), vlen: 1, sizeOrType: 8 }, [
            b.string('FLAG'),
            2,
          ]);
      const double = features ? addFloat(b, 'double', 8) : addInt(b, 'double', 8);
      const user = addComposite(b, Kind.STRUCT, 'user', 32, [
        { name: 'state', type: state, bitOffset: 0 },
        { name: 'wide', type: wide, bitOffset: 64 },
        { name: 'ratio', type: double, bitOffset: 128 },
        { name: 'count', type: int, bitOffset: 192 },
      ]);
      if (!variable) return {};
      return { '.data': [{ type: addVariable(b, 'root', user, 1), offset: 0, size: 32 }] };
    };

  it('does not part types: ENUM64, the sign of enums, FLOAT', () => {
    const core = smallKernel({ more: more(true, false) });
    const full = smallKernel({ more: more(false, true) });
    const vars = attached(core, full);
    expect(vars.typeCount).toBe(2);
    expect(vars.sizeOrType(vars.firstId)).toBe(core.find('user'));
  });

  it('does not separate types the other way round', () => {
    const core = smallKernel({ more: more(false, false) });
    const full = smallKernel({ more: more(true, true) });
    expect(attachVariables(core, full)).toMatchObject({ appended: 0, variables: 1 });
  });

  it('is compared if both have the feature', () => {
    const core = smallKernel({
      more: (b) => {
        addEnum(b, 'state', 4, true, [['LOW', -1n]]);
        return {};
      },
    });
    const full = smallKernel({
      more: (b) => {
        addEnum(b, 'state', 4, true, [['LOW', -1n]]);
        const unsigned = addEnum(b, 'state', 4, false, [['LOW', -1n]]);
        return { '.data': [{ type: addVariable(b, 'it', unsigned, 0), offset: 0, size: 4 }] };
      },
    });
    expect(attachVariables(core, full)).toMatchObject({ appended: 1 });
  });
});
