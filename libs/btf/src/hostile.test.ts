import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import {
  addComposite,
  addForward,
  addInt,
  addPointer,
  addTypedef,
  addTypeTag,
  BtfBuilder,
  compareTypes,
  decodeBtf,
  dedupBtf,
  encodeBtf,
  Kind,
  lowerBtf,
  parseBtf,
  printHeader,
  verifyBtf,
  type Btf,
} from './index.ts';

// Small inputs for which a nested loop would take minutes, or never end.
const MANY = 100_000;

const build = (add: (b: BtfBuilder, int: number) => void): Btf => {
  const b = new BtfBuilder();
  add(b, addInt(b, 'int', 4, 1));
  return b.toBtf();
};

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

describe('time does not grow with the square of', () => {
  it('declarations of one name', () => {
    const btf = build((b) => {
      for (let i = 0; i < MANY; i++) addForward(b, 'same', false);
    });
    expect([...printHeader(btf)].join('').match(/struct same;/g)).toHaveLength(1);
    expect(parseBtf(dedupBtf(btf)).typeCount).toBe(2);
  });

  it('the length of a chain of typedefs or tags', () => {
    const typedefs = build((b) => {
      for (let i = 0; i < MANY; i++) addTypedef(b, `t${i}`, b.nextId + 1);
      addInt(b, 'end', 4);
    });
    expect(verifyBtf(typedefs.bytes, { checks: 'load' })[0].rule).toBe('cycle');
    expect(typedefs.resolve(2)).toBeUndefined();
    expect(codeOf(() => [...printHeader(typedefs)])).toBe('btf-depth');
    const tags = build((b, int) => {
      for (let i = 0; i < MANY; i++) addTypeTag(b, 'x', i === MANY - 1 ? int : b.nextId + 1);
      for (let i = 0; i < MANY; i++) addPointer(b, 2);
    });
    const lowered = parseBtf(lowerBtf(tags, { major: 5, minor: 4 }));
    expect([lowered.typeCount, lowered.sizeOrType(2)]).toEqual([MANY + 1, 1]);
  });

  it('the distance at which types differ', () => {
    const btf = build((b, int) => {
      for (let i = 0; i < MANY; i++) addPointer(b, i === 0 ? int : b.nextId - 1);
      for (let i = 0; i < MANY; i++) addPointer(b, i === MANY - 1 ? 0 : b.nextId + 1);
    });
    expect(parseBtf(dedupBtf(btf)).typeCount).toBe(1 + 2 * MANY);
  });
});

describe('work has a limit for', () => {
  it('composites whose difference is far away', () => {
    const btf = build((b, int) => {
      for (let i = 0; i < 300; i++) {
        let type = addInt(b, `int${i}`, 4);
        for (let links = 0; links < 100; links++) type = addPointer(b, type);
        addComposite(b, Kind.STRUCT, 's', 8, [{ name: 'a', type, bitOffset: 0 }]);
      }
      addPointer(b, int);
    });
    expect(codeOf(() => dedupBtf(btf, { steps: 1_000_000 }))).toBe('btf-limit');
    expect(parseBtf(dedupBtf(btf)).typeCount).toBe(btf.typeCount);
  });
});

describe('the stack does not grow with', () => {
  it('the types of a base', () => {
    const base = build((b, int) => {
      for (let i = 0; i < 2 * MANY; i++) addPointer(b, int);
    });
    const split = new BtfBuilder({ base });
    addPointer(split, 2 * MANY);
    const bytes = split.finish();
    expect(encodeBtf(decodeBtf(parseBtf(bytes, { base })))).toEqual(bytes);
  });
});

describe('memory does not grow beyond a multiple of', () => {
  const grown = (action: () => unknown): number => {
    const before = process.memoryUsage().arrayBuffers;
    action();
    return process.memoryUsage().arrayBuffers - before;
  };

  it('the input, however small its types and strings are', () => {
    const b = new BtfBuilder({ strings: new Uint8Array(4_000_000) });
    const name = b.string('n');
    for (let i = 0; i < 2 * MANY; i++) b.add({ kind: Kind.FWD, name });
    const bytes = b.finish();
    let btf: Btf | undefined;
    expect(grown(() => (btf = parseBtf(bytes)))).toBeLessThan(bytes.length);
    expect(grown(() => btf?.find('n'))).toBeLessThan(bytes.length);
    expect(grown(() => btf?.findString(Buffer.from('n')))).toBeLessThan(2 * bytes.length);
  });
});

describe('work does not double with each level of', () => {
  it('anonymous structs that share their members', () => {
    const btf = build((b, int) => {
      let inner = int;
      for (let i = 0; i < 60; i++) {
        const members = ['a', 'b'].map((name) => ({ name, type: inner, bitOffset: 0 }));
        inner = addComposite(b, Kind.UNION, '', 4, members);
      }
      addTypedef(b, 'top', inner);
    });
    expect(codeOf(() => [...printHeader(btf, { limit: 1_000_000 })])).toBe('btf-limit');
    expect(compareTypes(btf, btf.endId - 1, btf, btf.endId - 1)).toBeUndefined();
  });
});
