import { checkStore, type Finding } from '@btf-depot/depot';
import { createComputePool } from '@btf-depot/compute';
import { Command } from 'commander';
import { dataOption, openStores } from '../open-stores.ts';
import { jsonOption } from '../options.ts';
import { note, print, printable, printJson } from '../output.ts';

interface Flags {
  data?: string;
  blobsOnly?: boolean;
  json?: boolean;
}

export function fsckCommand(): Command {
  return new Command('fsck')
    .summary('check that the store has what its records say')
    .description(
      'Reads every blob that a record names and compares its hash, and makes the artifacts of every ' +
        'kernel again from its parts. Changes nothing; services may run meanwhile.',
    )
    .option('--blobs-only', 'do not make artifacts again, which takes seconds for each kernel')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0 when nothing was found, else 1.')
    .action(run);
}

async function run({ blobsOnly, json, ...where }: Flags): Promise<void> {
  const stores = await openStores(where);
  const compute = createComputePool({ onError: (error) => note(error.message) });
  const findings: Finding[] = [];
  const onFinding = (finding: Finding) => {
    findings.push(finding);
    if (!json) print(describe(finding));
  };
  try {
    const deps = { ...stores, ...(!blobsOnly && { compute }), onFinding };
    const report = await checkStore(deps, new AbortController().signal);
    if (json) printJson({ ...report, findings });
    else print(`${report.kernels} kernels, ${report.blobs} blobs: ${report.findings} findings\n`);
  } finally {
    await compute.close();
  }
  if (findings.length > 0) process.exitCode = 1;
}

function describe({ buildId, code, what, detail }: Finding): string {
  return `${buildId} ${printable(what)}: ${code}: ${printable(detail)}\n`;
}
