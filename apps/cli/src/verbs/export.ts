import { BadKey, decodePublicKey, type PublicKey } from '@btf-depot/contracts';
import {
  depotSource,
  Only,
  storesSource,
  writeExport,
  type ExportReport,
  type ExportSource,
} from '@btf-depot/exchange';
import { Command, Option } from 'commander';
import { dataOption, openStores } from '../options/open-stores.ts';
import { jsonOption, openDepots } from '../options/options.ts';
import { formatBytes, note, print, printable, printJson } from '../terminal/output.ts';
import { trustedKeys } from '../options/trusted-keys.ts';
import { UsageError } from '../options/usage-error.ts';

interface Flags {
  data?: string;
  url?: string;
  only: string[];
  prune?: boolean;
  keys?: string;
  json?: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .summary('write a depot as static files, which any web server serves')
    .description(
      'Writes the kernels of a depot into a folder. Any web server that serves this folder is a ' +
        'depot for `get` and for the device client. A second run writes only what is new. It removes ' +
        'kernels that were withdrawn.',
    )
    .argument('<folder>', 'a folder of its own')
    .addOption(dataOption())
    .option('--url <url>', 'export a depot that runs elsewhere, over HTTP')
    .addOption(onlyOption())
    .option('--prune', 'remove kernels that the depot does not have, or that --only leaves out')
    .addOption(
      new Option('--keys <paths>', 'public keys to put beside, `:` between them').env(
        'BTFDEPOT_PUBLIC_KEYS',
      ),
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0, or 1 if a kernel was left out.')
    .action(run);
}

/** Shared with `import --export`. */
export function onlyOption(): Option {
  const collect = (text: string, before: string[]) => [...before, text];
  return new Option(
    '--only <key=pattern>',
    'only kernels of this distro, release, arch or buildId, or only these artifacts; `*` and `?` ' +
      'stand for characters; may be given several times',
  )
    .default([], 'everything')
    .argParser(collect);
}

export function readOnly(texts: readonly string[]): Only {
  try {
    return new Only(texts);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`--only ${error.message}`) : error;
  }
}

async function run(folder: string, { data, url, json, prune, ...flags }: Flags): Promise<void> {
  if (url !== undefined && data !== undefined)
    throw new UsageError('name --url or --data, not both');
  const only = readOnly(flags.only);
  const named = await trustedKeys(flags.keys);
  const { source, keys } = url === undefined ? await ofStores(data) : await ofDepot(url);
  const report = await writeExport(source, folder, { only, prune, keys: [...named, ...keys] });
  if (report.lost.length > 0) process.exitCode = 1;
  if (json) printJson(report);
  else print(describeExport(report, folder));
}

interface Opened {
  source: ExportSource;
  keys: PublicKey[];
}

async function ofStores(data: string | undefined): Promise<Opened> {
  const stores = await openStores({ data });
  const source = storesSource(stores, (error) => {
    process.exitCode = 1;
    note(`left out: ${error.message}`);
  });
  return { source, keys: [] };
}

async function ofDepot(url: string): Promise<Opened> {
  const client = openDepots(url);
  const { keys } = await client.keys();
  const read = keys.flatMap(({ publicKey }) => {
    try {
      return [decodePublicKey(publicKey)];
    } catch (error) {
      if (error instanceof BadKey) return [];
      throw error;
    }
  });
  const source = depotSource(client, (count) => {
    process.exitCode = 1;
    note(`left out: ${count} kernels whose records the depot cannot read`);
  });
  return { source, keys: read };
}

function describeExport(report: ExportReport, folder: string): string {
  const { written, left, removed, pending, blobs, bytes, lost } = report;
  const lines = [
    ...lost.map(({ buildId, detail }) => `${buildId} is left out: ${printable(detail)}`),
    `${folder}: ${written} kernels written, ${left} left as they are; ${blobs} blobs, ${formatBytes(bytes)}`,
  ];
  if (removed > 0) lines.push(`${removed} kernels removed`);
  if (pending > 0) lines.push(`${pending} kernels have no artifacts yet: export again later`);
  return lines.map((line) => `${line}\n`).join('');
}
