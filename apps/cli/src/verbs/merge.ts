import { mergeBtf, parseBtf } from '@btf-depot/btf';
import { Command } from 'commander';
import { openBtf, readBtf, writeWhole } from '../btf-file.ts';
import { jsonOption } from '../options.ts';
import { formatBytes, formatCount, print, printJson } from '../output.ts';

export function mergeCommand(): Command {
  return new Command('merge')
    .summary('make one standalone BTF of a base and what is split from it')
    .description(
      'Merges split BTFs with their base into one standalone BTF, as libbpf (btf_custom_path)\n' +
        'and bpftrace (BPFTRACE_BTF) take.',
    )
    .argument('<base>', 'BTF or vmlinux')
    .argument('<extra...>', 'split BTFs on that base')
    .requiredOption('-o, --output <file>', 'where to put it')
    .addOption(jsonOption())
    .action((base: string, extras: string[], flags: { output: string; json?: boolean }) => {
      const lowest = openBtf(base);
      const merged = mergeBtf(
        lowest,
        ...extras.map((path) => parseBtf(readBtf(path), { base: lowest })),
      );
      writeWhole(flags.output, merged);
      const types = parseBtf(merged).typeCount;
      if (flags.json) printJson({ file: flags.output, size: merged.length, types });
      else print(`${flags.output}: ${formatBytes(merged.length)}, ${formatCount(types)} types\n`);
    });
}
