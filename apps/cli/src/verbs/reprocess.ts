import { reprocess, type Reprocessed, type SourceNeed } from '@btf-depot/depot';
import { Command } from 'commander';
import { wholeBuildIds } from '../options/build-ids.ts';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { note, print, printable, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  encoder: string;
  data?: string;
  dryRun?: boolean;
  json?: boolean;
}

export function reprocessCommand(): Command {
  return new Command('reprocess')
    .summary('repeat splits and carriers that an older version made')
    .description(
      'Run it after a fix in splitting or packing. It repeats the split of kernels that an older ' +
        'version split, from the stored parts. A compressor then makes their carriers at its next ' +
        'sweep; until then fetch serves the old ones. Parts from DWARF or a symbol table cannot be ' +
        'repeated without the file: the list names the files to send again.',
    )
    .argument('[build-id...]', 'only these kernels')
    .requiredOption('--encoder <range>', "made by a version before this: '<0.2.0'")
    .option('--dry-run', 'say what would be done')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0, or 1 if a kernel could not be reprocessed.')
    .action(run);
}

async function run(buildIds: string[], flags: Flags): Promise<void> {
  const before = /^<\s*(\d{1,6}\.\d{1,6}\.\d{1,6})$/.exec(flags.encoder)?.[1];
  if (before === undefined)
    throw new UsageError("--encoder takes '<' and a version, such as '<0.2.0'");
  const stores = await openStores(flags);
  const named = new Set(await wholeBuildIds(stores.records, buildIds));
  if (named.size === 0) for await (const { buildId } of stores.records.list()) named.add(buildId);
  const { dryRun = false } = flags;
  const done: Reprocessed[] = [];
  const failed: { buildId: string; message: string }[] = [];
  for (const buildId of named) {
    try {
      const report = await reprocess(stores, buildId, { before, dryRun });
      if (!report) continue;
      done.push(report);
      if (!flags.json) print(`${buildId} ${changeOf(report)}\n${needsOf(report.needs)}`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      failed.push({ buildId, message });
      note(`${buildId}: ${printable(message)}`);
      process.exitCode = 1;
    }
  }
  if (flags.json) printJson({ reprocessed: done, failed, dryRun });
  else note(`${done.length} of ${named.size} kernels${dryRun ? ' would be' : ''} reprocessed`);
}

function changeOf({ changed }: Reprocessed): string {
  return changed.length > 0 ? `${changed.join(', ')} and carriers` : 'carriers';
}

function needsOf(needs: SourceNeed | undefined): string {
  if (!needs) return '';
  const lines = needs.sources.map((source) => {
    return `    ${source.kind} ${printable(source.package ?? source.sha256)}\n`;
  });
  return `  ${needs.parts.join(', ')}: send the file again\n${lines.join('')}`;
}
