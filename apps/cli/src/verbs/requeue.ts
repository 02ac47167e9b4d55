import { requeue } from '@btf-depot/depot';
import { Command } from 'commander';
import { wholeBuildIds } from '../options/build-ids.ts';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { note, print, printable, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  data?: string;
  failed?: boolean;
  json?: boolean;
}

export function requeueCommand(): Command {
  return new Command('requeue')
    .summary('retry kernels that failed')
    .description(
      'Resets kernels in the state `failed`. A compressor retries them at its next sweep ' +
        '(BTFDEPOT_SWEEP_PERIOD).',
    )
    .argument('[build-id...]')
    .option('--failed', 'every kernel that failed')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0 if all named kernels were requeued, else 1.')
    .action(run);
}

async function run(buildIds: string[], flags: Flags): Promise<void> {
  if (buildIds.length > 0 === (flags.failed === true)) {
    throw new UsageError('name build IDs, or use --failed');
  }
  const { records } = await openStores(flags);
  const requeued: string[] = [];
  const named = new Set(await wholeBuildIds(records, buildIds));
  if (flags.failed) for await (const { buildId } of records.list()) named.add(buildId);
  for (const buildId of named) {
    if (await requeue(records, buildId)) requeued.push(buildId);
    else if (!flags.failed) {
      const { failure } = (await records.get(buildId))?.record ?? {};
      const why = failure ? `cannot be requeued: ${failure.message}` : 'has not failed';
      note(`${buildId} ${printable(why)}`);
      process.exitCode = 1;
    }
  }
  if (flags.json) printJson({ requeued });
  else for (const buildId of requeued) print(`${buildId}\n`);
}
