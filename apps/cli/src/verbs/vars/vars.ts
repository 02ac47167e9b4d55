import { writeFile } from 'node:fs/promises';
import type { Variable } from '@btf-depot/contracts';
import { Command, Option } from 'commander';
import { openDepots, jsonOption, urlsOption } from '../../options/options.ts';
import {
  formatTable,
  jsonText,
  note,
  print,
  printable,
  printableLines,
  printJson,
} from '../../terminal/output.ts';
import { isPattern } from '../../options/name-pattern.ts';
import { isWatched, progressBar } from '../../terminal/progress-bar.ts';
import { depotVariables, fileVariables, type VariableSource } from './variable-source.ts';
import {
  kernelAndNames,
  namesKernel,
  wholeBuildId,
  type KernelFlags,
} from '../../running/which-kernel.ts';
import { UsageError } from '../../options/usage-error.ts';

interface Flags extends KernelFlags {
  url: string;
  as?: 'c' | 'json' | 'btf';
  base?: string;
  output?: string;
  json?: boolean;
}

export function varsCommand(): Command {
  return new Command('vars')
    .summary('the variables of a kernel: a list, or some with their types')
    .description(
      'Lists the global variables of a kernel, or shows those named, with the types that they ' +
        'need. A pattern lists the variables that it fits: * stands for any characters, ? for one, ' +
        "as in '*_task' (quoted: the shell expands patterns, too). Regular expressions do not work. " +
        'With --running or --of, leave the build ID out.',
    )
    .argument('[kernel]', 'build ID, or a file: vmlinux, BTF, carrier')
    .argument('[name...]', 'variables, or patterns')
    .option('--running', 'the kernel that runs here')
    .option('--of <file>', 'the kernel in this file, as the depot has it')
    .option('-B, --base <file>', 'base of a file with split BTF')
    .addOption(new Option('--as <form>', 'output format').choices(['c', 'json', 'btf']))
    .option('-o, --output <file>', 'output file; by default standard output')
    .addOption(urlsOption())
    .addOption(jsonOption())
    .action(vars);
}

async function vars(first: string | undefined, rest: string[], flags: Flags): Promise<void> {
  const { kernel, names } = await kernelAndNames(flags, first, rest);
  const patterns = names.length > 0 ? names : ['*'];
  const form = flags.json ? 'json' : flags.as;
  const lists = patterns.filter(isPattern);
  if (lists.length > 0 && lists.length < patterns.length) {
    throw new UsageError('patterns list variables, names show them; do not mix them');
  }
  if (lists.length > 0 && (form === 'c' || form === 'btf' || flags.output !== undefined)) {
    throw new UsageError(
      'a list is only printed as text or --json; name a variable instead of a pattern',
    );
  }
  const bar = progressBar(kernel, isWatched({ json: form === 'json' }));
  const client = openDepots(flags.url);
  const source = namesKernel(kernel)
    ? depotVariables(client, await wholeBuildId(client, kernel))
    : await fileVariables(kernel, flags.base, (done, total) => bar.show('split', done, total));
  bar.stop();
  if (lists.length > 0) await list(source, lists, form === 'json');
  else await show(source, patterns, form ?? 'c', flags.output);
}

async function list(source: VariableSource, patterns: string[], asJson: boolean): Promise<void> {
  const found: Variable[] = [];
  for (const pattern of patterns) {
    for await (const variable of source.list(pattern)) found.push(variable);
  }
  if (asJson) printJson(found);
  else if (found.length === 0) note(`no variable fits ${patterns.map(printable).join(', ')}`);
  else print(formatTable(found.map(row), [2]));
}

function row({ section, offset, size, declaration }: Variable): string[] {
  const where = section === undefined ? '-' : `${section}+0x${(offset ?? 0).toString(16)}`;
  // Anonymous types are printed in full: on one line they do not help.
  const short = declaration.includes('\n') ? declaration.replace(/\{[^]*\}/, '{…}') : declaration;
  return [printable(short), printable(where), size === undefined ? '?' : `${size}`];
}

async function show(
  source: VariableSource,
  names: string[],
  form: 'c' | 'json' | 'btf',
  output: string | undefined,
): Promise<void> {
  if (form === 'btf' && names.length > 1)
    throw new UsageError('--as btf needs exactly one variable');
  const bytes = await bytesOf(source, names, form);
  if (output === undefined || output === '-') {
    if (form === 'btf') process.stdout.write(bytes);
    else print(printableLines(Buffer.from(bytes).toString()));
  } else {
    await writeFile(output, bytes);
    note(`${output}: ${bytes.length} bytes`);
  }
}

async function bytesOf(
  source: VariableSource,
  names: string[],
  form: 'c' | 'json' | 'btf',
): Promise<Uint8Array> {
  if (form === 'json') {
    const found = await Promise.all(names.map((name) => source.find(name)));
    return Buffer.from(jsonText(found.flat()));
  }
  const parts = [];
  for (const name of names) parts.push(await source.as(name, form));
  return Buffer.concat(parts);
}
