import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createComputePool } from '@btf-depot/compute';
import {
  checkStore,
  repair,
  systemClock,
  type Finding,
  type Repaired,
  type StoreReport,
} from '@btf-depot/depot';
import { Command } from 'commander';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { formatBytes, note, print, printable, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  data?: string;
  blobsOnly?: boolean;
  repair?: boolean;
  limit?: string;
  from?: string;
  cursor?: string;
  json?: boolean;
}

/** Milliseconds between two lines of progress. */
const TOLD_EVERY = 10_000;

export function fsckCommand(): Command {
  return new Command('fsck')
    .summary('check that the store has what its records say')
    .description(
      'Reads every blob that a record names and compares its hash, and makes the artifacts of every ' +
        'kernel again from its parts. Changes no kernel without --repair; it notes which blobs are ' +
        'damaged, and a running compressor heals what it can. Services may run meanwhile.',
    )
    .option('--blobs-only', 'do not make artifacts again, which takes seconds for each kernel')
    .option(
      '--repair',
      'make lost artifacts again, mark kernels that lost a part as failed, and set malformed ' +
        'records aside; pushing these kernels again heals them',
    )
    .option('--limit <kernels>', 'stop after this many kernels')
    .option('--from <build-id>', 'continue after this build ID; kernels are checked in this order')
    .option(
      '--cursor <file>',
      'continue after the build ID in this file and keep it up to date; starts again at ' +
        'the end. For timers',
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit status: 0 if all is well, 1 if something is wrong, 2 if the store does not answer.',
    )
    .action(run);
}

async function run({ blobsOnly, json, limit, from, cursor, ...flags }: Flags): Promise<void> {
  const most = limit === undefined ? undefined : Number(limit);
  if (most !== undefined && !(Number.isSafeInteger(most) && most > 0)) {
    throw new UsageError('--limit takes a number of kernels');
  }
  const compute = createComputePool({ onError: (error) => note(error.message) });
  const findings: Finding[] = [];
  const onFinding = (finding: Finding) => {
    findings.push(finding);
    if (!json) print(describe(finding));
  };
  let told = performance.now();
  let last: string | undefined;
  const onProgress = (report: StoreReport, buildId: string) => {
    last = buildId;
    if (json === true || performance.now() - told < TOLD_EVERY) return;
    told = performance.now();
    note(`${progressOf(report)}, at ${buildId}`);
  };
  try {
    const stores = await openStores(flags);
    const deps = { ...stores, compute: blobsOnly ? undefined : compute, onFinding, onProgress };
    const after = from ?? (cursor === undefined ? undefined : await readCursor(cursor));
    if (after !== undefined && !/^[0-9a-f]*$/.test(after)) {
      throw new UsageError(
        `--from or the file of --cursor has ${printable(after)}: not a build ID`,
      );
    }
    const range = { after, limit: most };
    const report = await checkStore(deps, new AbortController().signal, range);
    if (cursor !== undefined) await writeCursor(cursor, report.next);
    const repaired = flags.repair
      ? await repair({ ...stores, clock: systemClock }, findings)
      : undefined;
    const aside: string[] = [];
    for await (const { buildId, version } of stores.records.aside.list()) {
      aside.push(`${buildId}.${version}`);
    }
    if (json) printJson({ ...report, findings, repaired, aside });
    else tell(report, repaired, aside);
    if (findings.length > 0) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'store-unavailable')) {
      throw error;
    }
    if (cursor !== undefined && last !== undefined) await writeCursor(cursor, last);
    const where = last === undefined ? '' : `; continue with --from ${last}`;
    note(`${error.message}${where}`);
    process.exitCode = 2;
  } finally {
    await compute.close();
  }
}

function tell(report: StoreReport, repaired: Repaired | undefined, aside: readonly string[]): void {
  print(`${progressOf(report)}\n`);
  if (report.next !== undefined) print(`continue with --from ${report.next}\n`);
  if (repaired) {
    for (const { buildId, outcome } of repaired.settled) print(`${buildId}: ${outcome}\n`);
    for (const buildId of repaired.aside) print(`${buildId}: its record is set aside\n`);
    for (const buildId of repaired.back) print(`${buildId}: its parts are sound, packed again\n`);
    for (const buildId of repaired.rewritten) print(`${buildId}: packed again\n`);
  }
  for (const one of aside) print(`set aside: damaged/records/${one}.json\n`);
  if (aside.length > 0) {
    note('btfdepot gc --set-aside healed deletes those of kernels that were sent again');
  }
}

function progressOf({ kernels, of, blobs, bytes, findings }: StoreReport): string {
  const some = kernels === of ? `${kernels}` : `${kernels} of ${of}`;
  return `${some} kernels, ${blobs} blobs, ${formatBytes(bytes)}: ${findings} findings`;
}

/** @returns undefined if there is none: starts from the beginning. */
async function readCursor(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeCursor(file: string, buildId: string | undefined): Promise<void> {
  if (buildId === undefined) {
    await rm(file, { force: true });
    return;
  }
  await writeFile(`${file}.new`, `${buildId}\n`);
  await rename(`${file}.new`, file);
}

function describe({ buildId, code, what, detail }: Finding): string {
  return `${buildId} ${printable(what)}: ${code}: ${printable(detail)}\n`;
}
