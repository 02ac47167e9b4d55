// One run of the bench `encode`, in its own process: `encode-run.ts VMLINUX OUTPUT WHAT`. WHAT is
// `types` (and functions), `core` (with variables, as pahole writes it) or `all` (also inlined
// calls). Prints its costs.
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import type { Source } from '@btf-depot/bytes';
import { encodeFromDwarf, encodeTypes, inlinesPass } from '@btf-depot/extras';
import type { EncodeRun } from './encode.ts';

const started = performance.now();
const [, , vmlinux = '', output = '', what] = process.argv;
const fd = openSync(vmlinux, 'r');
function readInto(offset: number, target: Uint8Array): void {
  const { length } = target;
  let done = 0;
  while (done < length) done += readSync(fd, target, done, length - done, offset + done);
}
const source: Source = {
  size: fstatSync(fd).size,
  read(offset, length) {
    const bytes = new Uint8Array(length);
    readInto(offset, bytes);
    return bytes;
  },
  readInto,
};
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
closeSync(fd);
const { user, system } = process.cpuUsage();
const run: EncodeRun = {
  start: started / 1000,
  work: (performance.now() - started) / 1000,
  cpu: (user + system) / 1e6,
  memory: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(JSON.stringify(run));
