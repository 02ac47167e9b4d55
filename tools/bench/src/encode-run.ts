// One run of the bench `encode`, in its own process: `encode-run.ts VMLINUX OUTPUT WHAT`. WHAT is
// `types` (and functions), `core` (with variables, as pahole writes it) or `all` (also inlined
// calls). Prints its costs.
import { writeFileSync } from 'node:fs';
import { encodeFromDwarf, encodeTypes, inlinesPass } from '@btf-depot/extras';
import type { EncodeRun } from './encode.ts';
import { openTimedSource } from './timed-source.ts';

const started = performance.now();
const [, , vmlinux = '', output = '', what] = process.argv;
const source = openTimedSource(vmlinux);
if (what === 'types') writeFileSync(output, encodeTypes(source).bytes);
else {
  const { parts, beside } = encodeFromDwarf(source, {
    beside: what === 'all' ? { inlines: inlinesPass } : {},
  });
  writeFileSync(output, parts.core.bytes);
  if (parts.origin === 'partition') writeFileSync(`${output}.vars`, parts.vars.bytes);
  if ('inlines' in beside)
    writeFileSync(`${output}.inlines`, (beside.inlines as { bytes: Uint8Array }).bytes);
}
source.close();
const { user, system } = process.cpuUsage();
const run: EncodeRun = {
  start: started / 1000,
  work: (performance.now() - started) / 1000,
  cpu: (user + system) / 1e6,
  memory: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(JSON.stringify(run));
