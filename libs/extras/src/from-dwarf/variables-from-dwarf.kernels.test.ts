import { mergeBtf, parseBtf, parseKernelVersion, verifyBtf, type Btf } from '@btf-depot/btf';
import { bpftool, type Kernel, type KernelName } from '@btf-depot/kernels';
import { describeWithKernels, fromFile } from '@btf-depot/kernels/testing';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import { attachVariables } from '../variables/attach-variables.ts';
import { partition } from '../variables/partition.ts';
import { bpftoolVariables } from '../testing/bpftool-variables.ts';
import { withVariablesElsewhere } from '../testing/elsewhere.ts';
import { withFlatArrays } from '../testing/flat-arrays.ts';
import { listVariables, type Place } from '../variables/variables.ts';
import { variablesFromDwarf, type VariablesFromDwarf } from './variables-from-dwarf.ts';

const folder = testFolder({ atOnce: true });

const placeOf = (name: string, place?: Place): string =>
  `${place?.section ?? ''}+${place?.offset ?? ''}:${place?.size ?? ''} ${name}`;

/**
 * Every variable with its type's id in core. Both BTFs are attached to core the same way, by the
 * exact comparison of whole graphs: equal ids are equal types in depth.
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
  /** Distinct variables of pahole, including those that core has already. */
  readonly variables: number;
  readonly inCore: number;
  readonly completed: number;
  readonly declared: number;
  readonly units: number;
  /**
   * Variables at the start of a section whose symbol has another name, by objcopy --prefix-symbols:
   * pahole takes the first variable of a section only if a symbol has its name.
   */
  readonly renamed: readonly string[];
  /**
   * Variables that only pahole takes: it also accepts addresses in sections that are not in memory.
   */
  readonly unplaced?: readonly string[];
}

/** Core, and the base of both sides: every type of pahole's, and none of its variables. */
function coreOf(kernel: Kernel, full: Btf): { core: Btf; judged: Btf } {
  if (!existsSync(kernel.coreBtf)) {
    return { core: partition(full).core, judged: withVariablesElsewhere(withFlatArrays(full)) };
  }
  const core = parseBtf(readFileSync(kernel.coreBtf));
  return { core, judged: withFlatArrays(core) };
}

function compareWithPahole(name: KernelName, expected: Expected): void {
  describeWithKernels([name], `variables of ${name}, from its DWARF`, (kernels) => {
    const kernel = kernels[name];
    const full = parseBtf(readFileSync(kernel.fullBtf));
    const { core, judged } = coreOf(kernel, full);
    const hasOwnCore = existsSync(kernel.coreBtf);
    let units = 0;
    const result: VariablesFromDwarf = fromFile(kernel.vmlinux, (source) =>
      variablesFromDwarf(source, core, { onUnit: () => units++ }),
    );
    const beyond = result.beyond.map((one) => placeOf(one.name, one.place));

    it('are those of pahole, with types that are equal in depth', () => {
      const merged = parseBtf(mergeBtf(core, parseBtf(result.bytes, { base: core })));
      const theirs = variablesOn(judged, withFlatArrays(full));
      const ours = variablesOn(judged, withFlatArrays(merged));
      expect(theirs.appended).toBe(0);
      expect(ours.appended).toBe(0);
      const more = [...beyond, ...expected.renamed];
      expect(more.filter((place) => !ours.lines.has(place))).toEqual([]);
      for (const place of more) ours.lines.delete(place);
      const { unplaced = [] } = expected;
      expect(unplaced.filter((place) => !theirs.lines.delete(place))).toEqual([]);
      expect([...ours.lines.values()].sort()).toEqual([...theirs.lines.values()].sort());
      const known = hasOwnCore ? expected.inCore : 0;
      expect(theirs.lines.size + known).toBe(expected.variables);
    });

    it('come with their coverage', () => {
      const { coverage, appended } = result;
      const { completed, declared, inCore } = expected;
      const leftOut = Object.values(coverage.leftOut).reduce((sum, count) => sum + count, 0);
      // A partitioned core lacks the types that only variables need.
      expect(appended > 0).toBe(!hasOwnCore);
      expect(units).toBe(expected.units);
      expect(coverage).toMatchObject({ units, completed, declared, inCore });
      expect(coverage.taken + leftOut).toBe(coverage.seen);
      const jiffies: unknown = expect.objectContaining({ name: 'jiffies', why: 'declared' });
      expect(result.beyond).toContainEqual(jiffies);
    });

    it('are taken by the verifier, and read by bpftool', async () => {
      const version = parseKernelVersion(kernel.release);
      expect(verifyBtf(result.bytes, { base: core, kernel: version })).toEqual([]);
      const file = join(folder, `${name}.vars.btf`);
      writeFileSync(file, result.bytes);
      const coreFile = join(folder, `${name}.core.btf`);
      writeFileSync(coreFile, core.bytes);
      const listed = await bpftoolVariables(bpftool, file, coreFile);
      const inSections = result.variables - result.outside;
      expect(listed).toHaveLength(inSections + listVariables(core).length);
    });
  });
}

describe('against pahole 1.30', () => {
  compareWithPahole('K612', {
    variables: 31_798,
    inCore: 383,
    completed: 185,
    declared: 66,
    units: 2401,
    renamed: [],
  });
  compareWithPahole('K72', {
    variables: 34_080,
    inCore: 423,
    completed: 190,
    declared: 86,
    units: 2543,
    renamed: ['.init.scratch+0:4194304 sme_workarea'],
  });
  compareWithPahole('K61', {
    variables: 23_661,
    inCore: 380,
    completed: 176,
    declared: 43,
    units: 2352,
    renamed: [],
  });
  compareWithPahole('K612rt', {
    variables: 32_839,
    inCore: 393,
    completed: 186,
    declared: 66,
    units: 2578,
    renamed: [],
  });
  compareWithPahole('K612arm64', {
    variables: 49_675,
    inCore: 321,
    completed: 166,
    declared: 69,
    units: 3155,
    renamed: ['.bss+0:4 hyp_gicv3_nr_lr', '.hyp.data..percpu+0:3664 kvm_host_data'],
  });
  compareWithPahole('K61armhf', {
    variables: 42_492,
    inCore: 259,
    completed: 128,
    declared: 41,
    units: 2591,
    renamed: [],
  });
  // Notes of the vDSO, which is linked by itself and has no address in the kernel.
  compareWithPahole('K61s390x', {
    variables: 26_555,
    inCore: 213,
    completed: 98,
    declared: 9,
    units: 1544,
    renamed: [],
    unplaced: ['.debug_info+14036684:24 _note_42', '.debug_info+14036708:36 _note_41'],
  });
});
