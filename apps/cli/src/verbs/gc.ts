import {
  collectGarbage,
  forgetAside,
  GARBAGE_DEFAULTS,
  systemClock,
  type WhichAside,
} from '@btf-depot/depot';
import { Command, Option } from 'commander';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption } from '../options/options.ts';
import { formatBytes, print, printJson } from '../terminal/output.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  data?: string;
  minAge: string;
  dryRun?: boolean;
  setAside?: WhichAside;
  json?: boolean;
}

const HOUR = 3600 * 1000;

export function gcCommand(): Command {
  return new Command('gc')
    .summary('delete the blobs that no kernel names')
    .description(
      'Deletes blobs that no record names: those of interrupted uploads, replaced revisions and ' +
        'withdrawn kernels. Services may run meanwhile.',
    )
    .option(
      '--min-age <hours>',
      'keep blobs that are younger',
      String(GARBAGE_DEFAULTS.minAge / HOUR),
    )
    .addOption(
      new Option(
        '--set-aside <which>',
        'first delete malformed records that were set aside, and so release their blobs: those of ' +
          'kernels that were sent again, or all',
      ).choices(['healed', 'all'] satisfies WhichAside[]),
    )
    .option('--dry-run', 'say what would be deleted')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit status: 0; 1 if a record cannot be read, and then no blob is deleted.',
    )
    .action(run);
}

async function run({ minAge, dryRun = false, setAside, json, ...where }: Flags): Promise<void> {
  const hours = Number(minAge);
  if (!(hours >= 0)) throw new UsageError('--min-age takes hours');
  const stores = await openStores(where);
  const options = { minAge: hours * HOUR, dryRun };
  const forgotten = setAside ? await forgetAside(stores.records, setAside, { dryRun }) : [];
  const aside = forgotten.map(({ buildId, version }) => `${buildId}.${version}`);
  const deleted = dryRun ? 'would be deleted' : 'deleted';
  if (!json) for (const one of aside) print(`damaged/records/${one}.json ${deleted}\n`);
  const report = await collectGarbage({ ...stores, clock: systemClock }, options);
  const bytes = report.collected.reduce((sum, { size }) => sum + size, 0);
  if (json) {
    const collected = report.collected.map(({ sha256, size }) => ({ sha256, size }));
    printJson({ ...report, collected, aside, bytes, dryRun });
    return;
  }
  print(
    `${report.collected.length} blobs ${deleted}, ${formatBytes(bytes)}; ${report.kept} kept\n`,
  );
}
