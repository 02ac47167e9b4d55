import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { earlierVersion, lacksEarlierVersion } from '@btf-depot/testing/earlier-version';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { expect, test } from 'vitest';
import { openRecord } from './open-record.ts';
import { encodeRecord } from './record-codec.ts';
import { STATES, type KernelRecord } from './record.ts';

/** The last commit that writes schema 1. */
const COMMIT = '547dc59';

const blob = (digit: string) => ({ sha256: digit.repeat(64), size: 1 });
const { core } = kernelRecord();
const on = { types: 1, baseSha256: core.sha256 };
const marks = { by: 'farm', claimed: true } as const;
const PARTS = {
  vars: { ...blob('1'), ...on, ...marks, variables: 1, origin: 'dwarf', coverage: { taken: 1 } },
  ksyms: { ...blob('2'), types: 1, variables: 1, leftOut: { x: 1 }, layout: blob('3') },
  symbols: { ...blob('4'), origin: 'symtab', from: 'kallsyms', hidesVariables: true },
  layout: { ...blob('5'), from: 'map' },
  inlines: { ...blob('6'), ...on, sites: 1, origin: 'kernel', map: blob('7') },
  later: { ...blob('8'), ...on },
} as const;

test('the code that wrote schema 1 reads whatever is written, and finds each part', async (context) => {
  if (lacksEarlierVersion(COMMIT))
    context.skip(`this clone lacks ${COMMIT}: git fetch --unshallow`);
  using folder = new TemporaryFolder();
  earlierVersion(COMMIT, folder.path);
  const earlier = (await import(folder.at('libs/contracts/src/record.ts'))) as {
    decodeRecord: (bytes: Uint8Array) => Record<string, unknown>;
  };
  const names = Object.keys(PARTS) as (keyof typeof PARTS)[];
  for (let set = 0; set < 2 ** names.length; set++) {
    const of = names.filter((_, at) => (set >> at) & 1).map((name) => [name, PARTS[name]] as const);
    const { vars } = Object.fromEntries(of) as Partial<typeof PARTS>;
    const beside = of.filter(([name]) => name !== 'vars' && name !== 'later');
    for (const state of STATES) {
      const record: KernelRecord = kernelRecord({
        buildId: buildIdOf('of schema 2'),
        state,
        packing: 1,
        core: { ...core, encoded: { rules: '1.30', coverage: { units: 1 } } },
        parts: Object.fromEntries(of),
        owner: { principal: 'farm', rank: 'token' },
      });
      const bytes = encodeRecord(record);
      expect(openRecord(bytes)).toEqual({ record });
      const read = earlier.decodeRecord(bytes);
      const extras = vars ? { vars } : {};
      expect(read).toMatchObject({ ...Object.fromEntries(beside), extras });
      expect(names.filter((name) => Object.hasOwn(read, name))).toEqual(
        beside.map(([name]) => name),
      );
    }
  }
});
