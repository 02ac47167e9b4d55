// One run of the bench `vars`, in its own process: `vars-run.ts VMLINUX OUTPUT [INLINES]` writes
// the variables and perhaps the inlined calls; without OUTPUT it only walks through the units.
// Prints its costs.
import { writeFileSync } from 'node:fs';
import { parseBtf } from '@btf-depot/btf';
import { eachChild, readDwarf, Tag } from '@btf-depot/dwarf';
import { readElf } from '@btf-depot/elf';
import { inlinesPass, variablesFromDwarf } from '@btf-depot/extras';
import type { VarsRun } from './vars.ts';
import { openTimedSource } from './timed-source.ts';

const started = performance.now();
const [, , vmlinux = '', output, inlines] = process.argv;
const source = openTimedSource(vmlinux);
let variables = 0;
let unitsDone = 0;
if (output === undefined) {
  const dwarf = readDwarf(readElf(source), source);
  dwarf.eachUnit((unit) => {
    eachChild(unit, unit.header.firstEntry, Tag.VARIABLE, () => variables++);
  });
} else {
  const elf = readElf(source);
  const section = elf.section('.BTF');
  if (section === undefined) throw new Error(`${vmlinux}: no .BTF section`);
  const result = variablesFromDwarf(source, parseBtf(elf.bytes(section)), {
    onUnit: () => (unitsDone = performance.now()),
    beside: inlines === undefined ? {} : { inlines: inlinesPass },
  });
  variables = result.variables;
  writeFileSync(output, result.bytes);
  const beside = result.beside as { inlines?: { bytes: Uint8Array } };
  if (inlines !== undefined) writeFileSync(inlines, beside.inlines?.bytes ?? '');
}
source.close();
const { user, system } = process.cpuUsage();
const run: VarsRun = {
  variables,
  start: started / 1000,
  read: source.spent / 1000,
  units: (unitsDone - started) / 1000,
  work: (performance.now() - started) / 1000,
  cpu: (user + system) / 1e6,
  memory: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(JSON.stringify(run));
