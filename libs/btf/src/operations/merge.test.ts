import { describe, expect, it } from 'vitest';
import {
  addTypedef,
  addVariable,
  BtfBuilder,
  builtinLayouts,
  dedupBtf,
  dumpRaw,
  mergeBtf,
  packInfo,
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

  it('keeps kinds that only the layout of one part knows', () => {
    const core = new BtfBuilder({ layouts: builtinLayouts() });
    addTypedef(core, 'a', 0);
    const lowest = core.toBtf();
    const part = (infoBytes: number): Btf => {
      const layouts = [...builtinLayouts(), { infoBytes, elementBytes: 0, flags: 0 }];
      const b = new BtfBuilder({ base: lowest, layouts });
      b.addRaw(b.string('new'), packInfo(23, 0, false), 0, Array<number>(infoBytes / 4).fill(9));
      addTypedef(b, 'b', 1);
      return b.toBtf();
    };
    const merged = parseBtf(mergeBtf(part(4), part(4)));
    expect([2, 3, 4, 5].map((id) => merged.name(id))).toEqual(['new', 'b', 'new', 'b']);
    expect(parseBtf(dedupBtf(merged)).findAll('new')).toEqual([2, 4]);
    expect(() => mergeBtf(part(4), part(8))).toThrow(
      expect.objectContaining({ code: 'btf-layout' }),
    );
  });

  it('refuses parts on different bases', () => {
    expect(() => mergeBtf(base, seededBtf(2))).toThrow(
      expect.objectContaining({ code: 'btf-base' }),
    );
    expect(() => mergeBtf()).toThrow(RangeError);
  });
});
