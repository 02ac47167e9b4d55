import { checkMade, Kind, mergeBtf, parseBtf, type Btf } from '@btf-depot/btf';
import { Command } from 'commander';
import { openBtf, openOn, writeWhole } from '../files/btf-file.ts';
import { jsonOption } from '../options/options.ts';
import { formatBytes, formatCount, print, printJson } from '../terminal/output.ts';

export function mergeCommand(): Command {
  return new Command('merge')
    .summary('merge a base BTF and split BTFs into one')
    .description(
      'Merges split BTFs with their base into one standalone BTF, which libbpf (btf_custom_path) ' +
        'and bpftrace (BPFTRACE_BTF) read.',
    )
    .argument('<base>', 'BTF or vmlinux, or a module with a distilled base')
    .argument('[extra...]', 'split BTFs on that base, or modules with a distilled base')
    .requiredOption('-o, --output <file>', 'output file')
    .addOption(jsonOption())
    .action(async (base: string, extras: string[], flags: { output: string; json?: boolean }) => {
      const lowest = await openBtf(base);
      const parts = [lowest];
      for (const path of extras) parts.push(await openOn(path, lowest));
      const merged = mergeBtf(...parts);
      // No released kernel accepts inlined calls, so none says what it would refuse.
      if (!parts.some(hasSites)) checkMade('merged', merged, { from: lowest.endId });
      writeWhole(flags.output, merged);
      const types = parseBtf(merged).typeCount;
      if (flags.json) printJson({ file: flags.output, size: merged.length, types });
      else print(`${flags.output}: ${formatBytes(merged.length)}, ${formatCount(types)} types\n`);
    });
}

function hasSites(btf: Btf): boolean {
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) >= Kind.LOC_PARAM) return true;
  }
  return false;
}
