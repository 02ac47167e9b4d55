import { describe, expect, it } from 'vitest';
import { addInt, addPointer, BtfBuilder, checkMade, Kind, lowerBtf, parseBtf } from '../index.ts';

/** An int, a declaration without a name, which no kernel accepts, and a pointer. */
function withFault() {
  const b = new BtfBuilder();
  const int = addInt(b, 'int', 4, 1);
  b.add({ kind: Kind.FWD, name: 0 });
  addPointer(b, int);
  return b.finish();
}

describe('BTF that was made here', () => {
  it('is refused by the name of the type that a kernel would refuse', () => {
    expect(() => checkMade('merged', withFault())).toThrow(
      /^merged: a kernel would refuse \[2\] FWD: Invalid name/,
    );
    const btf = parseBtf(withFault());
    expect(() => lowerBtf(btf, { major: 5, minor: 4 })).toThrow(/^lowered: .* \[2\] FWD/);
  });

  it('is not refused for a fault of its base', () => {
    const bytes = withFault();
    expect(checkMade('merged', bytes, { from: 3 })).toBe(bytes);
    expect(() => checkMade('merged', bytes, { from: 2 })).toThrow('[2] FWD');
    const b = new BtfBuilder({ base: parseBtf(bytes) });
    addPointer(b, 1);
    const split = b.finish();
    expect(checkMade('variables', split, { base: parseBtf(bytes) })).toBe(split);
  });

  it('is refused if it cannot be read at all', () => {
    expect(() => checkMade('merged', Buffer.from('no BTF'), { from: 3 })).toThrow('merged: ');
  });
});
