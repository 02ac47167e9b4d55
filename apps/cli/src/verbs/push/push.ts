import { readFile, stat } from 'node:fs/promises';
import {
  DELIVERIES,
  EXTRA_NAMES,
  EXTRAS,
  isBuildId,
  partOf,
  type KernelRecord,
} from '@btf-depot/contracts';
import type { DepotClient } from '@btf-depot/client';
import { SMALLEST_MAP } from '@btf-depot/unpack';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openDepots, jsonOption, tokenId, urlOption } from '../../options/options.ts';
import { faultOf, formatBytes, note, print, printable, printJson } from '../../terminal/output.ts';
import { isWatched, progressBar } from '../../terminal/progress-bar.ts';
import type { Pushed, Refused } from './push-file.ts';
import { pushFiles } from './push-files.ts';
import { filesToPush } from './push-list.ts';
import { BESIDE, type PushOptions } from './push-options.ts';
import { withoutHere } from './push-parts.ts';
import { describeKernel, describeReport, shownFile } from '../../terminal/report.ts';
import { queryOfRunning } from '../../running/running-kernel.ts';
import { shownName, SpecialFiles } from '../../files/special-file.ts';
import { UsageError } from '../../options/usage-error.ts';

interface Flags extends Record<
  | Exclude<(typeof BESIDE)[number], 'carrier'>
  | 'buildId'
  | 'arch'
  | 'distro'
  | 'release'
  | 'extras',
  string | undefined
> {
  delivery?: string;
  carrier?: string[];
  replace?: boolean;
  restore?: boolean;
  split: 'depot' | 'here';
  url: string;
  json?: boolean;
}

export function pushCommand(): Command {
  return new Command('push')
    .summary('send a kernel, and wait until its artifacts are ready')
    .description(
      'Sends kernels to a depot: vmlinux, vmlinuz, .deb, .rpm, archives with any of these, raw BTF ' +
        'with --build-id. In a folder, finds all such files. Asks first whether the depot has them, ' +
        'retries temporary failures for some 15 s, and waits until the artifacts are ready.',
    )
    .argument('<file...>', 'files, or folders with such files; - for standard input')
    .addOption(urlOption())
    .option('--full <btf>', 'BTF with global variables, from the same build (pahole, global_var)')
    .option('--module <ko>', 'any module of the same build: it has facts that a vmlinuz lacks')
    .option('--map <file>', 'System.map or kallsyms, for a kernel without its symbol table')
    .option(
      '--carrier <ko>',
      'a carrier that the build made, signed or not; give the option once for each carrier',
      (path: string, others: string[] | undefined) => [...(others ?? []), path],
    )
    .option(
      '--build-id <hex>',
      'build ID, for raw BTF, modules or a System.map, which do not contain it',
      buildIdArgument,
    )
    .addOption(
      new Option(
        '--delivery <way>',
        'place of core: in the kernel (builtin) or in the carrier (module)',
      ).choices(DELIVERIES),
    )
    .option('--arch <name>', 'architecture, if the file does not say it', word)
    .option('--distro <name>', 'distribution, if the package does not say it', word)
    .option('--release <release>', 'kernel release, if the file does not say it', word)
    .option('--replace', 'replace the published core or carrier; a token needs the scope replace')
    .option('--restore', 'publish a withdrawn kernel again; a token needs the scope restore')
    .addOption(
      new Option(
        '--split <where>',
        'here: split on this machine, and send 5 MB instead of hundreds, without inlined calls',
      )
        .choices(['depot', 'here'])
        .default('depot'),
    )
    .option(
      '--extras <list>',
      `extras to split off, of ${EXTRA_NAMES.join(',')}; '' for none`,
      extras,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit status: 0 if all are ready, 1 if a file was refused or failed, 2 for wrong usage.',
    )
    .action(push);
}

async function push(files: string[], flags: Flags): Promise<void> {
  // A malformed token is reported before any file is read.
  tokenId();
  const client = openDepots(flags.url);
  await using special = new SpecialFiles();
  const list = await filesToPush(files, special);
  if (list.length === 0) {
    throw new Error(`no kernel, package or archive in ${files.join(', ')}`);
  }
  for (const option of [...BESIDE, 'buildId'] as const) {
    if (flags[option] !== undefined && list.length > 1) {
      throw new UsageError(`--${option === 'buildId' ? 'build-id' : option} belongs to one kernel`);
    }
  }
  const [carrier, ...carriers] = flags.carrier ?? [];
  const beside = await besideOf({ ...flags, carrier }, special);
  for (const path of carriers) {
    const name = shownName(path);
    list.push({ path: await special.regular(path), name, isNamed: true, as: 'carrier' });
  }
  const placeholder = beside.map === undefined ? undefined : await readPlaceholder(beside.map);
  if (placeholder !== undefined) {
    const says = `it is not a System.map and is ignored; its text: ${placeholder}`;
    note(printable(`${flags.map ?? ''}: ${says}`));
    delete beside.map;
  }
  const visible = isWatched(flags);
  const results = await pushFiles(client, list, async (file) => {
    const bar = progressBar(file, visible);
    const { query, ...options } = optionsOf(flags);
    return {
      ...options,
      ...beside,
      query: { ...(await queryOfRunning(file)), ...query },
      progress: visible ? bar : undefined,
      onRetry: (why, pause) => {
        bar.stop();
        note(`${file}: ${printable(why.message)}; retrying in ${(pause / 1000).toFixed(1)} s`);
      },
    };
  });
  if (flags.json) printJson(results);
  else await report(client, results, flags);
  const isReady = (result: Pushed | Refused) =>
    'status' in result && result.status.state === 'ready';
  if (results.length === 0 || !results.every(isReady)) process.exitCode = 1;
}

/** A line of nm or kallsyms. */
const SYMBOL = /^[0-9a-f]{8,16} [A-Za-z?] \S+(\s+\[\w+\])?$/m;

/** The text that packages have instead of a System.map; undefined for a real one. */
async function readPlaceholder(path: string): Promise<string | undefined> {
  const { size } = await stat(path);
  if (size >= SMALLEST_MAP) return undefined;
  const text = await readFile(path, 'latin1');
  return SYMBOL.test(text) ? undefined : text.trim();
}

function optionsOf(flags: Flags): PushOptions {
  const { buildId, delivery, arch, distro, release, extras, replace, restore } = flags;
  const query = {
    buildId,
    delivery,
    arch,
    distro,
    release,
    extras,
    replace: replace ? 'true' : undefined,
    restore: restore ? 'true' : undefined,
  };
  return {
    splitHere: flags.split === 'here' ? true : undefined,
    tokenId: tokenId(),
    query: whatIsThere(query),
  };
}

/** Readable paths of the files named beside the kernel. */
async function besideOf(
  flags: Readonly<Partial<Record<(typeof BESIDE)[number], string | undefined>>>,
  special: SpecialFiles,
): Promise<Record<string, string>> {
  const paths: [string, string][] = [];
  for (const part of BESIDE) {
    const path = flags[part];
    if (path !== undefined) paths.push([part, await special.regular(path)]);
  }
  return Object.fromEntries(paths);
}

/** The depot's limits for these, reported before sending, with the flag that the user typed. */
function word(text: string): string {
  if (/^[\w.+~:-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('expected 1 to 128 letters, digits and ._+~:-');
}

function buildIdArgument(text: string): string {
  if (isBuildId(text)) return text;
  throw new InvalidArgumentError('expected 8 to 128 lowercase hexadecimal digits, two a byte');
}

function extras(text: string): string {
  const wrong = text
    .split(',')
    .filter((name) => name && !EXTRA_NAMES.some((extra) => extra === name));
  if (wrong.length === 0) return text;
  throw new InvalidArgumentError(`${wrong.join(', ')} is not one of ${EXTRA_NAMES.join(', ')}`);
}

function whatIsThere(options: Record<string, string | undefined>): Record<string, string> {
  const there = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as Record<string, string>;
}

/** The extras that a kernel lacks of which nothing was sent, as the depot has them already. */
function noteMissing(record: KernelRecord, { extras, split }: Flags): void {
  const wanted = extras?.split(',');
  for (const extra of EXTRA_NAMES) {
    if (partOf(record, extra) || !(wanted?.includes(extra) ?? true)) continue;
    const why = split === 'here' ? withoutHere(extra)?.reason : undefined;
    note(`  no ${extra}: ${why ?? `no file of it so far contains ${EXTRAS[extra].label}`}`);
  }
}

async function report(
  client: DepotClient,
  results: readonly (Pushed | Refused)[],
  flags: Flags,
): Promise<void> {
  let said: unknown;
  for (const result of results) {
    if ('error' in result) {
      note(faultOf(shownFile(result), result.error));
      continue;
    }
    const { outcome, sent, status, report } = result;
    note(`${shownFile(result)}: ${OUTCOMES[outcome](formatBytes(sent))}`);
    // The kernels of an archive share one report, which is printed once.
    const described = report && said !== report ? describeReport(report) : '';
    if (described !== '') note(described);
    said = report;
    const record = await client.record(status.buildId);
    if (outcome === 'present' && record) noteMissing(record, flags);
    if (record) print(describeKernel(record));
  }
}

const OUTCOMES = {
  created: (sent) => `${sent} sent`,
  known: (sent) => `${sent} sent; the depot had it already`,
  present: () => 'the depot has it already; nothing was sent',
} as const satisfies Record<Pushed['outcome'], (sent: string) => string>;
