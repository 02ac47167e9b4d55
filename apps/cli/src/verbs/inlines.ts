import { isBuildId, type InlineSite } from '@btf-depot/contracts';
import { Command } from 'commander';
import { jsonOption, openDepots, urlOption } from '../options.ts';
import { formatTable, print, printable, printJson } from '../output.ts';
import { depotSites, fileSites, type AskedSites, type InlinedCalls } from '../site-source.ts';
import { buildIdByFlags, type KernelFlags } from '../which-kernel.ts';

interface Flags extends KernelFlags {
  url: string;
  address?: string;
  base?: string;
  map?: string;
  json?: boolean;
}

export function inlinesCommand(): Command {
  return new Command('inlines')
    .summary('where calls of a function are inlined, and where their parameters are')
    .description(
      'Shows each place where the code of a function begins that was inlined into another: what a\n' +
        'kprobe takes for it, the section and offset, and for each parameter its type, its place in\n' +
        'words, and as an argument of a kprobe event. Without functions, lists those of a file. With\n' +
        '--running or --of the build ID is left out.',
    )
    .argument('[kernel]', 'build ID, or a file: vmlinux, or BTF of inlined calls with --base')
    .argument('[function...]', 'inlined functions')
    .option('--running', 'the kernel that runs here')
    .option('--of <file>', 'the kernel in this file, as the depot has it')
    .option('--address <hex>', 'what is inlined there, outer calls first; as the kernel was linked')
    .option('--base <file>', 'core, which BTF of inlined calls stands on')
    .option('--map <file>', 'vmlinux.inlines.map that goes with that')
    .addOption(urlOption())
    .addOption(jsonOption())
    .action(inlines);
}

async function inlines(first: string | undefined, rest: string[], flags: Flags): Promise<void> {
  const byFlag = await buildIdByFlags(flags);
  const kernel = byFlag ?? first;
  const names = byFlag !== undefined && first !== undefined ? [first, ...rest] : rest;
  if (kernel === undefined) throw new Error('name a build ID or a file, or use --running');
  const calls = isBuildId(kernel)
    ? depotSites(openDepots(flags.url), kernel)
    : fileSites(kernel, flags);
  const asked: AskedSites[] = names.map((name) => ({ function: name }));
  if (flags.address !== undefined) asked.push({ address: flags.address });
  if (asked.length === 0) listFunctions(calls, flags.json === true);
  else await show(calls, asked, flags.json === true);
}

function listFunctions({ functions }: InlinedCalls, asJson: boolean): void {
  if (!functions) throw new Error('of a depot: name a function or --address');
  const names = functions();
  if (asJson) printJson(names);
  else print(names.map((name) => `${printable(name)}\n`).join(''));
}

async function show(calls: InlinedCalls, asked: AskedSites[], asJson: boolean): Promise<void> {
  const found: InlineSite[] = [];
  for (const one of asked) {
    for await (const site of calls.sites(one)) found.push(site);
  }
  if (asJson) printJson(found);
  else print(found.map(describe).join('\n'));
}

function describe(site: InlineSite): string {
  const { function: name, address, section, offset, init, probe, caller, parameters } = site;
  const where = probe ?? (caller && `${caller.name}+0x${caller.offset.toString(16)}`);
  const place = `${section}+0x${offset.toString(16)}`;
  const about = [
    ...(where === undefined ? [] : [`at ${where}`]),
    ...(address === undefined ? [place] : [`(${address}, ${place})`]),
    ...(init === true ? ['freed after boot'] : []),
  ];
  const rows = parameters.map(({ name: parameter, type, where: text, fetch = '' }) => [
    `  ${printable(`${type} ${parameter}`.trim())}`,
    printable(text),
    printable(fetch),
  ]);
  return `${printable(`${name} ${about.join(' ')}`)}\n${formatTable(rows)}`;
}
