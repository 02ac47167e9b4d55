import { formatFault, LATEST_KERNEL, parseKernelVersion, verifyBtf } from '@btf-depot/btf';
import { Command } from 'commander';
import { openBtf, readBtf, refuseForeignBase } from '../files/btf-file.ts';
import { jsonOption } from '../options/options.ts';
import { note, print, printable, printJson } from '../terminal/output.ts';

interface Flags {
  base?: string;
  section: string;
  kernel?: string;
  load?: boolean;
  all?: boolean;
  json?: boolean;
}

export function verifyCommand(): Command {
  const { major, minor } = LATEST_KERNEL;
  return new Command('verify')
    .summary('check a BTF by the rules of a kernel version')
    .description('Checks a BTF by the rules of a kernel version. Prints the first fault, or all.')
    .argument('<file>', 'BTF, vmlinux, module or carrier')
    .option('-B, --base <file>', 'base of a split BTF')
    .option('--section <name>', 'which BTF of an ELF file', '.BTF')
    .option(
      '--kernel <release>',
      `version whose rules apply: 6.12, or the output of uname -r (default: ${major}.${minor})`,
    )
    .option('--load', 'also check references between types, as BPF_BTF_LOAD does')
    .option('--all', 'every fault, not only the first')
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0 if there is no fault, else 1.')
    .action(verify);
}

async function verify(
  file: string,
  { base, section, kernel, load, all, json }: Flags,
): Promise<void> {
  const bytes = await readBtf(file, section);
  const standsOn = base === undefined ? undefined : await openBtf(base);
  if (standsOn) await refuseForeignBase(file, bytes, standsOn);
  const faults = verifyBtf(bytes, {
    section,
    base: standsOn,
    kernel: kernel === undefined ? undefined : parseKernelVersion(kernel),
    checks: load ? 'load' : 'kernel',
    faults: all ? Infinity : 1,
  });
  if (json) printJson(faults);
  else for (const fault of faults) print(`${printable(formatFault(fault, section))}\n`);
  if (faults.length > 0) process.exitCode = 1;
  else if (!json) note(`${file}: no fault`);
}
