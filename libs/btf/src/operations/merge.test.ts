import { describe, expect, it } from 'vitest';
import {
  addTypedef,
  addVariable,
  BtfBuilder,
  dumpRaw,
  mergeBtf,
  parseBtf,
  type Btf,
} from '../index.ts';
import { seededBtf } from '../testing/index.ts';

const base = seededBtf(1);

function extra(name: string, on: Btf): Btf {
  const b = new BtfBuilder({ base: on });
  const typedef = addTypedef(b, `${name}_t`, 1);
  addVariable(b, name, typedef, 1);
  return b.toBtf();
}

describe('merging', () => {
  it('a core and one extra keeps every id and string', () => {
    const vars = extra('vars', base);
    const merged = parseBtf(mergeBtf(vars));
    expect(merged.base).toBeUndefined();
    const lines = Buffer.concat([dumpRaw(base), dumpRaw(vars)]).toString();
    expect(Buffer.from(dumpRaw(merged)).toString()).toBe(lines);
  });

  it('several extras on one core moves the ids of the later ones', () => {
    const merged = parseBtf(mergeBtf(extra('a', base), extra('b', base)));
    expect(merged.typeCount).toBe(base.typeCount + 4);
    const variable = merged.find('b') ?? 0;
    expect(variable).toBe(base.endId + 3);
    expect(merged.name(merged.sizeOrType(variable))).toBe('b_t');
  });

  it('a chain of three takes each level once', () => {
    const module = extra('module', base);
    const merged = parseBtf(mergeBtf(base, extra('inline', module), module));
    expect(merged.typeCount).toBe(base.typeCount + 4);
  });

  it('refuses parts on different bases', () => {
    expect(() => mergeBtf(base, seededBtf(2))).toThrow(
      expect.objectContaining({ code: 'btf-base' }),
    );
    expect(() => mergeBtf()).toThrow(RangeError);
  });
});
