import { checkMade, distillBtf, parseBtf } from '@btf-depot/btf';
import { Command } from 'commander';
import { openBtf, writeWhole } from '../files/btf-file.ts';
import { jsonOption } from '../options/options.ts';
import { formatBytes, formatCount, print, printJson } from '../terminal/output.ts';

interface Flags {
  base: string;
  output: string;
  json?: boolean;
}

export function distillCommand(): Command {
  return new Command('distill')
    .summary('give a split BTF a small base of its own')
    .description(
      "Writes the .BTF and .BTF.base of a module from its split BTF and its kernel's: names and " +
        'sizes of the types that it uses. Linux 6.11 and later relocate such a module to another ' +
        'build of the kernel. The files are OUTPUT.btf and OUTPUT.base.btf; put them into the module with objcopy.',
    )
    .argument('<split>', 'split BTF, or a module')
    .requiredOption('-B, --base <file>', "its base: the kernel's BTF, or its vmlinux")
    .requiredOption('-o, --output <prefix>', 'prefix of both output files')
    .addOption(jsonOption())
    .action(distill);
}

async function distill(split: string, { base, output, json }: Flags): Promise<void> {
  const made = distillBtf(await openBtf(split, base));
  const below = parseBtf(checkMade('distilled base', made.base));
  const above = parseBtf(checkMade('split', made.split, { base: below }), { base: below });
  const files = [
    { file: `${output}.base.btf`, section: '.BTF.base', btf: below },
    { file: `${output}.btf`, section: '.BTF', btf: above },
  ].map(({ file, section, btf }) => {
    writeWhole(file, btf.bytes);
    return { file, section, size: btf.bytes.length, types: btf.typeCount };
  });
  if (json) printJson(files);
  else {
    for (const { file, section, size, types } of files) {
      print(`${file}: ${section}, ${formatBytes(size)}, ${formatCount(types)} types\n`);
    }
  }
}
