import { parseBtf, parseKernelVersion, verifyBtf } from '@btf-depot/btf';
import { mutate, Random, seededBtf } from '@btf-depot/btf/testing';
import { carrier, type LoadFacts } from '@btf-depot/carrier';
import type { Kernel } from '@btf-depot/kernels';
import { say } from '@btf-depot/services/provision';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { buildCarriers } from './built-carriers.ts';
import { boot } from '../index.ts';
import { describeInLab } from '../testing.ts';

const MUTANTS = 1000;

// Its check of a module's BTF is strict: unsound BTF does not load.
describeInLab('K72', 'mutants of split BTF', (kernel) => {
  it('are refused by our verifier whenever the kernel refuses them', async () => {
    const mutants = await makeMutants(kernel);
    const { load, target, baseSha256 } = mutants;
    const booted = await boot(kernel, {
      memoryMib: 768,
      files: mutants.all.map(({ bytes }, index) => ({
        path: `m/${index}.ko`,
        bytes: carrier({
          name: 'mutant',
          target,
          load,
          buildId: '00',
          baseSha256,
          btf: { holds: 'ksyms', bytes },
          extras: [],
        }),
      })),
      steps: [
        {
          name: 'load',
          run: `for i in $(seq 0 ${MUTANTS - 1}); do
insmod /m/$i.ko 2> /dev/null && echo $i && rmmod mutant; done`,
        },
      ],
    });
    const taken = new Set(booted.step('load').output.trim().split('\n').map(Number));
    const ours = mutants.all.map(({ fault }, index) => ({ index, fault, taken: taken.has(index) }));
    const missed = ours.filter((one) => one.fault === undefined && !one.taken);
    const stricter = ours.filter((one) => one.fault !== undefined && one.taken);
    const byRule = new Map<string, number>();
    for (const { fault = '' } of stricter) byRule.set(fault, (byRule.get(fault) ?? 0) + 1);
    const both = ours.filter((one) => one.fault === undefined && one.taken).length;
    say(
      `${MUTANTS} mutants: ${both} taken by both, ${missed.length} refused by the kernel alone, ` +
        `${stricter.length} by us alone ${JSON.stringify(Object.fromEntries(byRule))}`,
    );
    expect(booted.step('load').kernelLog).not.toMatch(/BUG|Oops|Call Trace/);
    expect(both).toBeGreaterThan(MUTANTS / 20);
    expect(missed).toEqual([]);
  });
});

async function makeMutants(kernel: Kernel) {
  const { pack, target, parts } = await buildCarriers(kernel);
  const core = parseBtf(readFileSync(kernel.coreBtf));
  const version = parseKernelVersion(kernel.release);
  const load: LoadFacts | undefined = pack.load;
  if (!load) throw new Error(`no carrier of ${kernel.name} loads`);
  const sound = Array.from({ length: 20 }, (_, seed) => seededBtf(seed, core).bytes);
  const all = Array.from({ length: MUTANTS }, (_, seed) => {
    const original = sound[seed % sound.length] ?? new Uint8Array();
    const bytes = seed < sound.length ? original : mutate(original, new Random(seed));
    const [fault] = verifyBtf(bytes, { base: core, kernel: version });
    return { bytes, fault: fault?.rule };
  }).filter(({ bytes }) => bytes.length > 0);
  return { all, load, target, baseSha256: parts.core.sha256 };
}
