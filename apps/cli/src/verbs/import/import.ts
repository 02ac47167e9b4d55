import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { openFsStores } from '@btf-depot/blob-store';
import type { KernelRecord, WantedKernel } from '@btf-depot/contracts';
import {
  choose,
  folderSource,
  globPattern,
  parseWanted,
  runImport,
  storesSource,
  writeExport,
  type ExportReport,
  type ExportSource,
  type ImportedItem,
  type Only,
} from '@btf-depot/exchange';
import type { ArchiveItem } from '@btf-depot/upstreams';
import { Command, Option } from 'commander';
import { useProxies } from '../../options/environment-proxy.ts';
import { dataOption, openStores } from '../../options/open-stores.ts';
import { jsonOption } from '../../options/options.ts';
import { sizeOf } from '../../options/size.ts';
import { trustedKeys } from '../../options/trusted-keys.ts';
import { UsageError } from '../../options/usage-error.ts';
import { describeFault } from '../../terminal/fault.ts';
import {
  faultLine,
  formatBytes,
  note,
  print,
  printable,
  printJson,
} from '../../terminal/output.ts';
import { onlyOption, readOnly } from '../export.ts';
import { cacheFolder } from '../../files/cache-folder.ts';
import { temporaryFolder } from '../../files/temporary-folder.ts';
import { openLocalTarget, type LocalTarget } from './local-target.ts';
import { archivesOf, readSource, type ImportSource, type SourceFlags } from './read-source.ts';
import { importLine, tellItem } from './show-import.ts';

interface Flags {
  from?: string;
  suite?: string[];
  arch?: string[];
  component?: string[];
  match?: string[];
  since?: string;
  dryRun?: boolean;
  export?: string;
  only: string[];
  data?: string;
  as?: string;
  keyring?: string[];
  keys?: string;
  unsigned?: boolean;
  again?: boolean;
  parallel: string;
  rate?: string;
  work?: string;
  json?: boolean;
}

const list = (word: string, before: string[] = []) => [...before, ...word.split(',')];
const each = (word: string, before: string[] = []) => [...before, word];

export function importCommand(): Command {
  return new Command('import')
    .summary('fill a depot from archives, exports and other depots')
    .description(
      'Imports kernels into a store: from a Debian archive (--suite) or an RPM repository the packages ' +
        "with kernels' debug information, from a depot or an export of one all kernels, from a folder " +
        'its packages and kernels. It skips what the store has: a second run does nothing. ' +
        'Services may run on the store meanwhile.',
    )
    .argument('[source...]', 'URLs and folders; with --from alone, archives of known distributions')
    .option(
      '--from <file>',
      'only what this list names: of `wanted`, of /v1/wanted, or a build ID or release a line; - for standard input',
    )
    .option('--suite <names>', 'of a Debian archive: its suites, commas between', list)
    .option(
      '--arch <names>',
      'architectures, commas between; by default that of this machine',
      list,
    )
    .option('--component <names>', 'of a Debian archive; by default main', list)
    .option(
      '--match <pattern>',
      'only releases or packages like this; * and ? stand for characters; several times',
      each,
    )
    .option('--since <date>', 'only packages that were built or added since, as 2026-11-30')
    .option('--dry-run', 'say what would be fetched, and how many bytes')
    .option('--export <folder>', 'write a static export with what is imported; no store is needed')
    .addOption(onlyOption())
    .addOption(dataOption())
    .option('--as <name>', 'own the kernels as import:NAME; by default the host or the folder')
    .option(
      '--keyring <file>',
      "check signatures with these keys instead of the system's; several times",
      each,
    )
    .addOption(
      new Option(
        '--keys <paths>',
        'of a depot or an export: public keys, `:` between them, of which one must have signed each kernel',
      ).env('BTFDEPOT_PUBLIC_KEYS'),
    )
    .option('--unsigned', 'accept archives without a valid signature, or with expired lists')
    .option('--again', 'try packages again that were refused')
    .option('--parallel <number>', 'downloads at one time', '1')
    .option('--rate <bytes>', 'bytes a second of all downloads, as 500k or 10m')
    .option('--work <folder>', 'folder for downloads; by default in the cache of this user')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit status: 0; 1 if a kernel was refused, failed or was not found; 2 for wrong usage.',
    )
    .action(run);
}

interface Result {
  items: ImportedItem[];
  copies: CopyResult[];
  notFound: WantedKernel[];
  export?: ExportReport | undefined;
}

interface CopyResult {
  buildId: string;
  release?: string | undefined;
  outcome: 'created' | 'known' | 'outranked' | 'refused';
  error?: { code?: unknown; message: string } | undefined;
}

async function run(words: string[], flags: Flags): Promise<void> {
  const wanted = flags.from === undefined ? undefined : await readWanted(flags.from);
  if (words.length === 0 && !wanted) throw new UsageError('name a source, or a list with --from');
  if (flags.export !== undefined && flags.data !== undefined) {
    throw new UsageError('name --export or --data, not both');
  }
  const since = flags.since === undefined ? undefined : new Date(flags.since);
  if (since && Number.isNaN(since.getTime()))
    throw new UsageError('--since takes a date, as 2026-11-30');
  const only = readOnly(flags.only);
  useProxies();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted; the next run goes on')));
  const sources = await openSources(words, wanted ?? [], flags, stop.signal);
  const principal = `import:${flags.as ?? sources[0]?.name ?? 'folder'}`;
  const result: Result = { items: [], copies: [], notFound: [] };
  await withTarget(flags, principal, only, result, async (target) => {
    let left = wanted;
    for (const source of sources) {
      const choice = {
        match: flags.match,
        since,
        wanted: left,
      };
      const lacking =
        'depot' in source
          ? await importDepot(source.depot, target, choice, flags, result)
          : await importItems(source.items, target, choice, flags, stop.signal, result);
      left = left && lacking;
    }
    result.notFound = left ?? [];
  });
  report(result, sources, flags);
}

async function openSources(
  words: readonly string[],
  wanted: readonly WantedKernel[],
  flags: Flags,
  signal: AbortSignal,
): Promise<ImportSource[]> {
  const { suite = [], component, unsigned } = flags;
  // gpgv looks for a bare name in its own folder.
  const keyrings = flags.keyring?.map((path) => resolve(path));
  // A kernel of another machine is wanted for its own architecture.
  const machines = wanted.flatMap(({ arch }) => arch ?? []);
  const arch = flags.arch ?? [...new Set(machines)];
  const buildIds = wanted.some(({ release }) => release === undefined);
  const common: SourceFlags = { suite, arch, component, buildIds, trust: { keyrings, unsigned } };
  if (words.length > 0) {
    return Promise.all(words.map((word) => readSource(word, common, signal)));
  }
  const known = [...archivesOf(wanted).values()];
  return Promise.all(
    known.map(({ url, suites = [] }) => readSource(url, { ...common, suite: [...suites] }, signal)),
  );
}

async function readWanted(from: string): Promise<WantedKernel[]> {
  const read = async (): Promise<string> => {
    if (from === '-') return text(process.stdin);
    if (!/^https?:\/\//.test(from)) return readFile(from, 'utf8');
    const answer = await fetch(from);
    if (!answer.ok) throw new Error(`${from} answers ${answer.status}`);
    return answer.text();
  };
  const content = await read();
  try {
    return parseWanted(content);
  } catch (error) {
    throw new UsageError(`${from} is no list of kernels: ${(error as Error).message}`);
  }
}

/** The store, or a temporary one if its kernels are exported. */
async function withTarget(
  flags: Flags,
  principal: string,
  only: Only,
  result: Result,
  use: (target: LocalTarget) => Promise<void>,
): Promise<void> {
  await using folder = flags.export === undefined ? undefined : await temporaryFolder();
  const stores = folder ? await openFsStores(folder.path) : await openStores(flags, { make: true });
  const present = flags.export === undefined ? undefined : exported(flags.export);
  const keys = await trustedKeys(flags.keys);
  const target = await openLocalTarget(stores, principal, { present, keys });
  try {
    await use(target);
  } finally {
    await target.close();
  }
  if (flags.export === undefined || flags.dryRun) return;
  const source = storesSource(stores, (error) => note(error.message));
  result.export = await writeExport(source, flags.export, { only });
}

/** Kernels of an existing export; none if there is no export yet. */
async function* exported(path: string): AsyncGenerator<KernelRecord> {
  const source = folderSource(path);
  try {
    for await (const { buildId } of source.kernels()) {
      const record = await source.record(buildId);
      if (record) yield record;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

interface Choice {
  match: string[] | undefined;
  since: Date | undefined;
  wanted: WantedKernel[] | undefined;
}

/** @returns wanted kernels that were not found. */
async function importItems(
  all: AsyncIterable<ArchiveItem>,
  target: LocalTarget,
  choice: Choice,
  flags: Flags,
  signal: AbortSignal,
  result: Result,
): Promise<WantedKernel[]> {
  const { items, notFound } = await choose(all, choice, signal);
  const line = importLine(process.stderr.isTTY && !flags.json);
  const done = await runImport(items, target, {
    folder: flags.work ?? workFolder(),
    dryRun: flags.dryRun,
    again: flags.again,
    parallel: wholeNumber(flags.parallel),
    rate: flags.rate === undefined ? undefined : sizeOf('--rate', flags.rate),
    onProgress: (progress) => line.show(progress),
    onDone(item) {
      line.clear();
      if (!flags.json) tellItem(item);
    },
    signal,
  });
  result.items.push(...done);
  // A release may have been built twice.
  const buildIds = new Set(
    done.flatMap(({ kernels }) => kernels.flatMap(({ buildId }) => buildId ?? [])),
  );
  for (const { buildId } of choice.wanted ?? []) {
    const isOther = buildId !== undefined && buildIds.size > 0 && !buildIds.has(buildId);
    if (isOther && done.length > 0)
      note(`${buildId} is not among what came: another build of its release`);
  }
  return notFound;
}

async function importDepot(
  source: ExportSource,
  target: LocalTarget,
  { match, wanted }: Choice,
  { dryRun, json }: Flags,
  result: Result,
): Promise<WantedKernel[]> {
  const patterns = match?.map(globPattern);
  const left = new Set(wanted);
  for await (const { buildId, release = '', arch, state } of source.kernels()) {
    if (state === 'withdrawn' || (patterns && !patterns.some((one) => one.test(release)))) continue;
    const fitting = wanted?.filter(
      (kernel) =>
        kernel.buildId === buildId ||
        (kernel.buildId === undefined &&
          kernel.release === release &&
          (kernel.arch ?? arch) === arch),
    );
    if (fitting?.length === 0) continue;
    for (const kernel of fitting ?? []) left.delete(kernel);
    const record = await source.record(buildId);
    if (!record) continue;
    const known = await target.hasCopy(record);
    if (known || dryRun) {
      result.copies.push({ buildId, release, outcome: known ? 'known' : 'created' });
      continue;
    }
    try {
      const { outcome, error } = await target.copy({ record, blob: (blob) => source.blob(blob) });
      result.copies.push({ buildId, release, outcome: error ? 'refused' : outcome, error });
    } catch (error) {
      const fault = describeFault(error);
      if (!json) note(`${buildId}: ${faultLine(fault.message, fault.code)}`);
      result.copies.push({ buildId, release, outcome: 'refused', error: fault });
    }
  }
  return [...left];
}

function report(
  result: Result,
  sources: readonly ImportSource[],
  { dryRun, json, keys = '' }: Flags,
): void {
  const { items, copies, notFound } = result;
  const outcomes = (name: ImportedItem['outcome']) =>
    items.filter(({ outcome }) => outcome === name);
  const imported = outcomes('imported');
  const bad = [...outcomes('refused'), ...outcomes('failed')].length;
  const refused = copies.filter(({ outcome }) => outcome === 'refused').length;
  if (!dryRun && bad + refused + notFound.length > 0) process.exitCode = 1;
  if (json) {
    printJson({
      ...result,
      items: items.map(({ item: { place, buildIds: _buildIds, ...item }, ...one }) => ({
        ...item,
        from: place.url.href,
        ...one,
      })),
    });
    return;
  }
  for (const { buildId, release } of notFound) {
    note(`${printable(release ?? buildId ?? '')}: no source has it`);
  }
  if (items.length > 0 || copies.length === 0) {
    const fetched = dryRun ? outcomes('planned') : imported;
    const kernels = dryRun
      ? fetched.length
      : fetched.flatMap((one) => one.kernels.filter(({ error }) => !error)).length;
    const bytes = formatBytes(fetched.reduce((sum, { item }) => sum + item.size, 0));
    const written = result.export ? `, ${formatBytes(result.export.bytes)} written` : '';
    const signed = sources.every(({ isSigned }) => isSigned) ? ', signature checked' : '';
    const more = [
      ...(outcomes('present').length > 0 ? [`${outcomes('present').length} present`] : []),
      ...(bad > 0 ? [`${bad} not taken`] : []),
    ];
    const verb = dryRun ? 'would be downloaded' : 'downloaded';
    print(
      `${countOf(kernels)}: ${bytes} ${verb}${written}${signed}${more.map((one) => `; ${one}`).join('')}\n`,
    );
  }
  if (copies.length > 0) {
    const count = (name: CopyResult['outcome']) =>
      copies.filter(({ outcome }) => outcome === name).length;
    const others = (['known', 'outranked', 'refused'] as const).filter((name) => count(name) > 0);
    const rest = others.map((name) => `; ${count(name)} ${name}`).join('');
    const checked = keys === '' ? 'every hash checked' : 'every hash and signature checked';
    const done = dryRun ? 'would be imported' : `imported, ${checked}`;
    print(`${countOf(count('created'))} ${done}${rest}\n`);
  }
}

function countOf(kernels: number): string {
  return `${kernels} kernel${kernels === 1 ? '' : 's'}`;
}

function workFolder(): string {
  return join(cacheFolder() ?? join(homedir(), '.cache', 'btf-depot'), 'import');
}

function wholeNumber(word: string): number {
  const number = Number(word);
  if (Number.isSafeInteger(number) && number > 0 && number <= 16) return number;
  throw new UsageError('--parallel takes a number from 1 to 16');
}
