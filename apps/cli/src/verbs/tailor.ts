import { FormatError } from '@btf-depot/bytes';
import { checkMade, parseBtf, tailorBtf, type CoreObject } from '@btf-depot/btf';
import { readElf } from '@btf-depot/elf';
import { Command } from 'commander';
import { openBtf, writeWhole } from '../files/btf-file.ts';
import { jsonOption } from '../options/options.ts';
import { formatBytes, formatCount, print, printJson } from '../terminal/output.ts';
import { openLocalFile } from '../files/special-file.ts';

export function tailorCommand(): Command {
  return new Command('tailor')
    .summary('reduce a BTF to the types that BPF objects need')
    .description(
      'Writes the smallest BTF that satisfies the CO-RE relocations of BPF objects, for systems ' +
        'without BTF, as bpftool gen min_core_btf does.',
    )
    .argument('<btf>', "the kernel's BTF, or its vmlinux")
    .argument('<object...>', 'BPF objects, compiled with -g')
    .requiredOption('-o, --output <file>', 'output file')
    .addOption(jsonOption())
    .action(async (btf: string, objects: string[], flags: { output: string; json?: boolean }) => {
      const tailored = tailorBtf(await openBtf(btf), objects.map(readObject));
      const types = parseBtf(tailored).typeCount;
      // Objects without relocations need no types.
      if (types > 0) checkMade('tailored', tailored);
      writeWhole(flags.output, tailored);
      if (flags.json) printJson({ file: flags.output, size: tailored.length, types });
      else print(`${flags.output}: ${formatBytes(tailored.length)}, ${formatCount(types)} types\n`);
    });
}

function readObject(path: string): CoreObject {
  using file = openLocalFile(path);
  const elf = readElf(file);
  const [btf, ext] = ['.BTF', '.BTF.ext'].map((name) => {
    const section = elf.section(name);
    if (!section) throw new FormatError('btf-none', `${path} has no ${name}: compile it with -g`);
    return elf.bytes(section);
  });
  return { btf: parseBtf(btf), ext };
}
