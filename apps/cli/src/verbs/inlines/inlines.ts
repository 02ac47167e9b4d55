import { siteAddressSchema, type InlinedFunction, type InlineSite } from '@btf-depot/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { jsonOption, openDepots, urlsOption } from '../../options/options.ts';
import { isPattern } from '../../options/name-pattern.ts';
import {
  formatTable,
  note,
  print,
  printable,
  printableLines,
  printJson,
} from '../../terminal/output.ts';
import { depotSites, fileSites, type AskedSites, type InlinedCalls } from './site-source.ts';
import {
  kernelAndNames,
  namesKernel,
  wholeBuildId,
  type KernelFlags,
} from '../../running/which-kernel.ts';
import { UsageError } from '../../options/usage-error.ts';
import { PROBE_FORMS, probeLines, type ProbeForm } from './probe-lines.ts';

interface Flags extends KernelFlags {
  url: string;
  address?: string;
  base?: string;
  map?: string;
  as?: ProbeForm;
  json?: boolean;
}

export function inlinesCommand(): Command {
  return new Command('inlines')
    .summary('where calls of a function are inlined, and where their parameters are')
    .description(
      'Shows each place where the inlined code of a function begins: the name for a kprobe, section ' +
        'and offset; and of each parameter its type, its register or memory, and the argument for a ' +
        'kprobe event. Without functions, lists the inlined functions ' +
        "with their number of sites; a pattern lists those that it fits, as in '*lock*': * stands for " +
        'any characters, ? for one. With --running or --of, leave the build ID out.',
    )
    .argument('[kernel]', 'build ID, or a file: vmlinux, or BTF of inlined calls with --base')
    .argument('[function...]', 'inlined functions, or patterns')
    .option('--running', 'the kernel that runs here')
    .option('--of <file>', 'the kernel in this file, as the depot has it')
    .option(
      '--address <hex>',
      'show the calls inlined at this address (as linked), outer calls first',
      address,
    )
    .option('-B, --base <file>', 'base (core) of a file with BTF of inlined calls')
    .option('--map <file>', 'vmlinux.inlines.map of the same kernel')
    .addOption(
      new Option(
        '--as <form>',
        'print lines that make probes: for kprobe_events of tracefs, perf or bpftrace',
      )
        .choices(PROBE_FORMS)
        .conflicts('json'),
    )
    .addOption(urlsOption())
    .addOption(jsonOption())
    .action(inlines);
}

async function inlines(first: string | undefined, rest: string[], flags: Flags): Promise<void> {
  const { kernel, names } = await kernelAndNames(flags, first, rest);
  if (flags.map !== undefined && flags.base === undefined) {
    throw new UsageError('--map needs --base');
  }
  if (flags.address !== undefined && flags.base !== undefined && flags.map === undefined) {
    throw new UsageError('BTF alone has no addresses; name its map too with --map FILE');
  }
  const patterns = names.filter(isPattern);
  const asked: AskedSites[] = names
    .filter((name) => !isPattern(name))
    .map((name) => ({ function: name }));
  if (flags.address !== undefined) asked.push({ address: flags.address });
  if (patterns.length > 0 && asked.length > 0) {
    throw new UsageError('patterns list functions, names show their calls; do not mix them');
  }
  const client = openDepots(flags.url);
  const calls = namesKernel(kernel)
    ? depotSites(client, await wholeBuildId(client, kernel))
    : await fileSites(kernel, flags);
  const lists = names.length === 0 && asked.length === 0 ? ['*'] : patterns;
  if (lists.length > 0 && flags.as) {
    throw new UsageError('--as prints probes of named functions; a pattern only lists functions');
  }
  if (lists.length > 0) await list(calls, lists, flags.json === true);
  else await show(calls, asked, flags);
}

async function list(calls: InlinedCalls, patterns: string[], asJson: boolean): Promise<void> {
  const found: InlinedFunction[] = [];
  for (const pattern of patterns) {
    for await (const one of calls.functions(pattern)) found.push(one);
  }
  if (asJson) printJson(found);
  else
    print(
      formatTable(
        found.map(({ name, sites }) => [printable(name), `${sites}`]),
        [1],
      ),
    );
}

async function show(
  calls: InlinedCalls,
  asked: AskedSites[],
  { as, json = false }: Flags,
): Promise<void> {
  const found: InlineSite[] = [];
  for (const one of asked) {
    const before = found.length;
    for await (const site of calls.sites(one)) found.push(site);
    if (found.length === before && 'address' in one && !json) {
      note(`no inlined call begins at ${one.address}`);
    }
  }
  if (json) printJson(found);
  else if (as) print(probesOf(found, as));
  else print(found.map(describe).join('\n'));
}

/** @throws an error if no place has a symbol that probes could be put by. */
function probesOf(sites: readonly InlineSite[], form: ProbeForm): string {
  const lines = probeLines(sites, form);
  if (lines === '' && sites.length > 0) {
    throw new Error('probes need the names of the callers: vmlinux, a depot, or --map FILE');
  }
  return printableLines(lines);
}

/** By the class of a site; without a warning, a probe there hits the call's own code. */
const SITE_WORDS: Readonly<Record<string, string>> = {
  inside: '',
  empty: 'has no code of its own',
  outside: 'its code is elsewhere',
  unnamed: 'entry not named, first range',
  unknown: 'class unknown',
};

function describe(site: InlineSite): string {
  const { function: name, address, section, offset, init, probe, caller, parameters } = site;
  const kind = SITE_WORDS[site.class ?? 'unknown'] ?? site.class;
  const where = probe ?? (caller && `${caller.name}+0x${caller.offset.toString(16)}`);
  const place = `${section}+0x${offset.toString(16)}`;
  const about = [
    ...(where === undefined ? [] : [`at ${where}`]),
    ...(address === undefined ? [place] : [`(${address}, ${place})`]),
    ...(kind === '' ? [] : [`[${kind}]`]),
    ...(init === true ? ['freed after boot'] : []),
  ];
  const rows = parameters.map(({ name: parameter, type, where: text, fetch = '' }) => [
    `  ${printable(`${type} ${parameter}`.trim())}`,
    printable(text),
    printable(fetch),
  ]);
  return `${printable(`${name} ${about.join(' ')}`)}\n${formatTable(rows)}`;
}

function address(text: string): string {
  const { data, error } = siteAddressSchema.safeParse(text);
  if (data !== undefined) return data;
  throw new InvalidArgumentError(error?.issues[0]?.message ?? 'no address');
}
