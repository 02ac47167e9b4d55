import { withdraw, type RecordStore } from '@btf-depot/depot';
import { Command } from 'commander';
import { wholeBuildIds } from '../options/build-ids.ts';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { print, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  reason: string;
  internal?: string;
  distro?: string;
  release?: string;
  prefix?: string;
  dryRun?: boolean;
  data?: string;
  json?: boolean;
}

export function withdrawCommand(): Command {
  return new Command('withdraw')
    .summary('withdraw kernels: from then on the depot answers 410 with a reason')
    .description(
      'Withdraws the named kernels, or all that match the query. The next `btfdepot gc` deletes their ' +
        'blobs. Only an upload with `restore=true` publishes a withdrawn kernel again.',
    )
    .argument('[build-id...]')
    .requiredOption('--reason <text>', 'public reason')
    .option('--internal <text>', 'internal note in the record, which no service sends')
    .option('--distro <name>', 'kernels of this distribution')
    .option('--release <release>', 'kernels of this release')
    .option('--prefix <hex>', 'kernels whose build ID has this prefix')
    .option('--dry-run', 'list the kernels, and change nothing')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(run);
}

async function run(buildIds: string[], flags: Flags): Promise<void> {
  const { distro, release, prefix } = flags;
  const isQuery = (distro ?? release ?? prefix) !== undefined;
  if (buildIds.length > 0 === isQuery) throw new UsageError('name build IDs, or use a query');
  // Perhaps an unset shell variable: it would match every kernel.
  for (const [flag, text] of Object.entries({ distro, release, prefix })) {
    if (text === '') throw new UsageError(`--${flag} is empty`);
  }
  const { records } = await openStores(flags);
  const chosen = isQuery ? await matching(records, flags) : await wholeBuildIds(records, buildIds);
  for (const buildId of flags.dryRun ? [] : chosen) {
    await withdraw(records, buildId, {
      reason: flags.reason,
      internal: flags.internal,
      at: new Date().toISOString(),
    });
  }
  if (flags.json) printJson({ withdrawn: chosen, dryRun: flags.dryRun ?? false });
  else for (const buildId of chosen) print(`${buildId}\n`);
}

/** All given conditions must hold; kernels that are already withdrawn keep their reason. */
async function matching(
  records: RecordStore,
  { distro, release, prefix = '' }: Flags,
): Promise<string[]> {
  const found: string[] = [];
  for await (const { buildId } of records.list()) {
    if (!buildId.startsWith(prefix)) continue;
    const record = (await records.get(buildId))?.record;
    if (!record || record.state === 'withdrawn') continue;
    if (distro !== undefined && record.distro !== distro) continue;
    if (release !== undefined && record.release !== release) continue;
    found.push(buildId);
  }
  return found;
}
