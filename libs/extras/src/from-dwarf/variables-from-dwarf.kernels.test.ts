import type { Source } from '@btf-depot/bytes';
import { mergeBtf, parseBtf, parseKernelVersion, verifyBtf, type Btf } from '@btf-depot/btf';
import { bpftool, type KernelName } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { attachVariables } from '../attach-variables.ts';
import { bpftoolVariables } from '../testing/bpftool-variables.ts';
import { withFlatArrays } from '../testing/flat-arrays.ts';
import { listVariables, type Place } from '../variables.ts';
import { variablesFromDwarf, type VariablesFromDwarf } from './variables-from-dwarf.ts';

const folder = mkdtempSync(join(tmpdir(), 'from-dwarf-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fromFile<T>(path: string, action: (source: Source) => T): T {
  const fd = openSync(path, 'r');
  try {
    return action({
      size: statSync(path).size,
      read(offset, length) {
        const bytes = new Uint8Array(length);
        if (readSync(fd, bytes, 0, length, offset) !== length) throw new Error(`${path} is short`);
        return bytes;
      },
    });
  } finally {
    closeSync(fd);
  }
}

const placeOf = (name: string, place?: Place): string =>
  `${place?.section ?? ''}+${place?.offset ?? ''}:${place?.size ?? ''} ${name}`;

/**
 * Every variable with its type's id in core. Both BTFs go the same way onto core, where the exact
 * comparison of whole graphs gives each type its id: equal ids are types that are equal in depth.
 */
function variablesOn(core: Btf, full: Btf): { lines: Map<string, string>; appended: number } {
  const { bytes, appended } = attachVariables(core, full);
  const variables = listVariables(parseBtf(bytes, { base: core }));
  const lines = variables.map(
    ({ name, place, linkage, type }) =>
      [placeOf(name, place), `${placeOf(name, place)} linkage ${linkage} type ${type}`] as const,
  );
  return { lines: new Map(lines), appended };
}

interface Expected {
  /** Of pahole's, with those that core has already. */
  readonly variables: number;
  readonly inCore: number;
  readonly completed: number;
  readonly declared: number;
  readonly units: number;
  /**
   * What starts a section and has a symbol of another name, through objcopy --prefix-symbols:
   * pahole takes the first of a section only where a symbol has its name.
   */
  readonly renamed: readonly string[];
}

function compareWithPahole(name: KernelName, expected: Expected): void {
  describeWithKernels([name], `variables of ${name}, from its DWARF`, (kernels) => {
    const kernel = kernels[name];
    const core = parseBtf(readFileSync(kernel.coreBtf));
    let units = 0;
    const result: VariablesFromDwarf = fromFile(kernel.vmlinux, (source) =>
      variablesFromDwarf(source, core, { onUnit: () => units++ }),
    );
    const beyond = result.beyond.map((one) => placeOf(one.name, one.place));

    it('are those of pahole, with types that are equal in depth', () => {
      const flatCore = withFlatArrays(core);
      const full = withFlatArrays(parseBtf(readFileSync(kernel.fullBtf)));
      const merged = parseBtf(mergeBtf(core, parseBtf(result.bytes, { base: core })));
      const theirs = variablesOn(flatCore, full);
      const ours = variablesOn(flatCore, withFlatArrays(merged));
      expect(theirs.appended).toBe(0);
      expect(ours.appended).toBe(0);
      const more = [...beyond, ...expected.renamed];
      expect(more.filter((place) => !ours.lines.has(place))).toEqual([]);
      for (const place of more) ours.lines.delete(place);
      expect([...ours.lines.values()].sort()).toEqual([...theirs.lines.values()].sort());
      expect(theirs.lines.size + expected.inCore).toBe(expected.variables);
    });

    it('come with their coverage', () => {
      const { coverage, appended } = result;
      const { completed, declared, inCore } = expected;
      const leftOut = Object.values(coverage.leftOut).reduce((sum, count) => sum + count, 0);
      expect(appended).toBe(0);
      expect(units).toBe(expected.units);
      expect(coverage).toMatchObject({ units, completed, declared, inCore });
      expect(coverage.taken + leftOut).toBe(coverage.seen);
      expect(result.beyond).toContainEqual({ name: 'jiffies', why: 'declared' });
    });

    it('are taken by the verifier, and read by bpftool', async () => {
      const version = parseKernelVersion(kernel.release);
      expect(verifyBtf(result.bytes, { base: core, kernel: version })).toEqual([]);
      const file = join(folder, `${name}.vars.btf`);
      writeFileSync(file, result.bytes);
      const listed = await bpftoolVariables(bpftool, file, kernel.coreBtf);
      const inSections = result.variables - result.outside;
      expect(listed).toHaveLength(inSections + listVariables(core).length);
    });
  });
}

describe('against pahole 1.30', () => {
  compareWithPahole('K612', {
    ...{ variables: 31_798, inCore: 383, completed: 185, declared: 66, units: 2401 },
    renamed: [],
  });
  compareWithPahole('K72', {
    ...{ variables: 34_080, inCore: 423, completed: 190, declared: 86, units: 2543 },
    renamed: ['.init.scratch+0:4194304 sme_workarea'],
  });
  compareWithPahole('K61', {
    ...{ variables: 23_661, inCore: 380, completed: 176, declared: 43, units: 2352 },
    renamed: [],
  });
  compareWithPahole('K612rt', {
    ...{ variables: 32_839, inCore: 393, completed: 186, declared: 66, units: 2578 },
    renamed: [],
  });
  compareWithPahole('K612arm64', {
    ...{ variables: 49_675, inCore: 321, completed: 166, declared: 69, units: 3155 },
    renamed: ['.bss+0:4 hyp_gicv3_nr_lr', '.hyp.data..percpu+0:3664 kvm_host_data'],
  });
});
