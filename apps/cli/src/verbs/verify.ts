import { formatFault, LATEST_KERNEL, parseKernelVersion, verifyBtf } from '@btf-depot/btf';
import { Command } from 'commander';
import { openBtf, readBtf, refuseForeignBase } from '../btf-file.ts';
import { jsonOption } from '../options.ts';
import { note, print, printable, printJson } from '../output.ts';

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
    .summary('check a BTF as a kernel of a stated version does')
    .description('Checks a BTF by the rules of a kernel: the first fault, or all.')
    .argument('<file>', 'BTF, vmlinux, module or carrier')
    .option('-B, --base <file>', 'the BTF that a split one stands on')
    .option('--section <name>', 'which BTF of an ELF file', '.BTF')
    .option('--kernel <release>', `whose rules: 6.12, a uname -r, … (default: ${major}.${minor})`)
    .option('--load', 'also what BPF_BTF_LOAD checks: that the types fit together')
    .option('--all', 'every fault, not only the first')
    .addOption(jsonOption())
    .addHelpText('after', '\nExit status: 0 where there is no fault, 1 where there is one.')
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
    ...(standsOn && { base: standsOn }),
    ...(kernel !== undefined && { kernel: parseKernelVersion(kernel) }),
    checks: load ? 'load' : 'kernel',
    faults: all ? Infinity : 1,
  });
  if (json) printJson(faults);
  else for (const fault of faults) print(`${printable(formatFault(fault, section))}\n`);
  if (faults.length > 0) process.exitCode = 1;
  else if (!json) note(`${file}: no fault`);
}
