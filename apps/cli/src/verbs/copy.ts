import { openFsStores, openMinioStores, type Stores } from '@btf-depot/blob-store';
import { copyStore } from '@btf-depot/depot';
import { readSettings, storeAddress, storeSettings } from '@btf-depot/service-kit';
import { Command } from 'commander';
import { jsonOption } from '../options/options.ts';
import { formatBytes, print, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

export function copyCommand(): Command {
  return new Command('copy')
    .summary('copy a store to another: move a depot, back it up, restore it')
    .description(
      'Copies kernels, blobs and tokens from one store to another. Services may run on both. A second ' +
        'run copies only what is new. It leaves out a kernel if the source has lost or damaged one of ' +
        'its blobs.',
    )
    .argument('<from>', 'a folder, or s3 for the bucket of BTFDEPOT_S3_*')
    .argument('<to>', 'the same')
    .option('--verify', 'read the blobs of the target, and overwrite damaged ones')
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0, or 1 if a kernel was left out.')
    .action(run);
}

interface Flags {
  verify?: boolean;
  json?: boolean;
}

async function run(from: string, to: string, { verify, json }: Flags): Promise<void> {
  if (from === to) throw new UsageError('both name the same store');
  const report = await copyStore(await open(from), await open(to, { make: true }), { verify });
  if (report.lost.length > 0) process.exitCode = 1;
  if (json) {
    printJson(report);
    return;
  }
  const { copied, left, blobs, bytes, tokens, lost } = report;
  for (const { buildId, detail } of lost) print(`${buildId} is left out: ${detail}\n`);
  print(`${copied} kernels copied, ${left} left as they are; `);
  print(`${blobs} blobs, ${formatBytes(bytes)}; ${tokens} tokens\n`);
}

function open(where: string, { make = false } = {}): Promise<Stores> {
  if (where !== 's3') return openFsStores(where, { make });
  return openMinioStores(storeAddress(readSettings(storeSettings, process.env)));
}
