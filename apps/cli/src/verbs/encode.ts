import { LATEST_KERNEL, parseBtf, parseKernelVersion, type KernelVersion } from '@btf-depot/btf';
import { FormatError } from '@btf-depot/bytes';
import { openKernel } from '@btf-depot/depot';
import {
  compareEncoders,
  encodeFromDwarf,
  FEATURES,
  RULES_NAMES,
  type EncodeCoverage,
  type EncoderDifferences,
  type Feature,
  type RulesName,
} from '@btf-depot/extras';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openBtf, writeWhole } from '../files/btf-file.ts';
import { jsonOption } from '../options/options.ts';
import { formatBytes, formatCount, formatTable, print, printJson } from '../terminal/output.ts';
import { isWatched, progressBar } from '../terminal/progress-bar.ts';
import { openLocalFile } from '../files/special-file.ts';

interface Flags {
  output?: string;
  rules: RulesName;
  features?: Feature[];
  for?: string;
  compare?: string;
  json?: boolean;
}

/** Most names that a comparison prints of each list. */
const SHOWN = 20;

export function encodeCommand(): Command {
  return new Command('encode')
    .summary('make the BTF of a kernel that has none from its debug information')
    .description(
      'Writes what the pahole of its build would have written: the types of all units in C, the ' +
        'functions by the rules of one version of pahole, per-CPU variables. Rust and assembly ' +
        'are left out.',
    )
    .argument('<vmlinux>', 'vmlinux with DWARF, or its debug file')
    .option('-o, --output <file>', 'output file; without it, only counts')
    .addOption(
      new Option('--rules <version>', 'version of pahole whose rules choose the functions')
        .choices(RULES_NAMES)
        .default('1.30'),
    )
    .option('--features <list>', `exactly these features: ${FEATURES.join(',')}`, featuresOf)
    .option('--for <version>', 'kernel version that will read it; by default that of the file')
    .option('--compare <file>', 'print what differs from another BTF of the same kernel')
    .addOption(jsonOption())
    .action(encode);
}

async function encode(path: string, flags: Flags): Promise<void> {
  const { output, rules, features, compare, json = false } = flags;
  using vmlinux = openLocalFile(path);
  const { buildId, release } = openKernel(vmlinux);
  const kernel = versionOf(flags.for ?? release);
  const bar = progressBar(path, isWatched({ json }));
  const { parts, coverage } = encodeFromDwarf(vmlinux, {
    rules,
    kernel,
    features,
    onUnit: (done, total) => bar.show('encode', done, total),
  });
  bar.stop();
  const { bytes, typeCount } = parts.core;
  if (output !== undefined) writeWhole(output, bytes);
  const differences =
    compare === undefined ? undefined : compareEncoders(parseBtf(bytes), await openBtf(compare));
  if (json) {
    const size = bytes.length;
    printJson({ buildId, release, output, size, types: typeCount, rules, coverage, differences });
    return;
  }
  const what = output === undefined ? '' : `${output}: `;
  print(
    `${what}${formatBytes(bytes.length)}, ${formatCount(typeCount)} types\n` +
      formatTable(coverageRows(coverage), [1]),
  );
  if (differences) print(`\n${formatTable(differenceRows(differences), [1])}`);
}

function featuresOf(text: string): Feature[] {
  const names = text.split(',').filter((name) => name !== '');
  const known = (name: string): name is Feature => FEATURES.some((one) => one === name);
  const wrong = names.filter((name) => !known(name));
  if (wrong.length === 0) return names.filter(known);
  throw new InvalidArgumentError(`${wrong.join(', ')} is not one of ${FEATURES.join(', ')}`);
}

function versionOf(release: string | undefined): KernelVersion {
  if (release === undefined) return LATEST_KERNEL;
  try {
    return parseKernelVersion(release);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FormatError('bad-version', `--for: ${error.message}`, {}, { cause: error });
  }
}

function coverageRows({ units, unitsLeftOut, types, functions }: EncodeCoverage): string[][] {
  const rows: [string, number][] = [
    ['units', units],
    ['  in Rust or assembly, left out', unitsLeftOut],
    ['types in all units', types],
    ['functions', functions.taken],
    ['entries without a symbol', functions.noSymbol],
    ['entries with an unnamed parameter', functions.unnamedParameter],
    ['left out: a parameter in an unexpected register', functions.unexpectedRegister],
    ['left out: units disagree about the prototype', functions.inconsistent],
  ];
  return rows.map(([name, count]) => [name, formatCount(count)]);
}

function differenceRows(differences: EncoderDifferences): string[][] {
  const lists: [string, readonly string[]][] = [
    ['types only here', differences.onlyFirst],
    ['types only there', differences.onlySecond],
    ['functions with other prototypes', differences.otherFunctions],
    ['functions only here', differences.functionsOfFirst],
    ['functions only there', differences.functionsOfSecond],
  ];
  return [
    ['the same types', formatCount(differences.same)],
    ['the same functions', formatCount(differences.sameFunctions)],
    ...lists.map(([name, list]) => {
      const more = list.length > SHOWN ? ', …' : '';
      return [name, formatCount(list.length), list.slice(0, SHOWN).join(', ') + more];
    }),
  ];
}
