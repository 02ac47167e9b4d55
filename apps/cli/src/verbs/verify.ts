import {
  formatFault,
  formatUnrelocated,
  LATEST_KERNEL,
  parseBtf,
  parseKernelVersion,
  relocateBtf,
  unrelocated,
  verifyBtf,
  type Btf,
  type BtfFault,
  type VerifyOptions,
} from '@btf-depot/btf';
import { Command } from 'commander';
import { DISTILLED, openBtf, readChain, refuseForeignBase } from '../files/btf-file.ts';
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
    .description(
      'Checks a BTF by the rules of a kernel version. Prints the first fault, or all. A module ' +
        'with a distilled base is checked on that, and with --base also as it is relocated.',
    )
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
  const { bytes, distilled } = await readChain(file, section);
  const standsOn = base === undefined ? undefined : await openBtf(base);
  if (standsOn && !distilled) await refuseForeignBase(file, bytes, standsOn);
  const options: VerifyOptions = {
    section,
    base: standsOn,
    kernel: kernel === undefined ? undefined : parseKernelVersion(kernel),
    checks: load ? 'load' : 'kernel',
    faults: all ? Infinity : 1,
  };
  const faults = distilled
    ? verifyDistilled(bytes, distilled, options)
    : [{ section, faults: verifyBtf(bytes, options) }];
  const found = faults.flatMap((one) => one.faults);
  if (json) printJson(found);
  else {
    for (const { section: name, faults: ofSection } of faults) {
      for (const fault of ofSection) print(`${printable(formatFault(fault, name))}\n`);
    }
  }
  if (found.length > 0) process.exitCode = 1;
  else if (!json) note(`${file}: no fault`);
}

interface SectionFaults {
  section: string;
  faults: readonly BtfFault[];
}

/** Each step a kernel takes with it; a step needs the ones before it without fault. */
function verifyDistilled(
  bytes: Uint8Array,
  distilled: Uint8Array,
  { base: kernel, ...options }: VerifyOptions,
): SectionFaults[] {
  const section = options.section ?? '.BTF';
  const below = verifyBtf(distilled, { ...options, section: DISTILLED });
  if (below.length > 0) return [{ section: DISTILLED, faults: below }];
  const own = parseBtf(distilled, { section: DISTILLED });
  const faults = verifyBtf(bytes, { ...options, base: own });
  if (faults.length > 0 || !kernel) return [{ section, faults }];
  const split = parseBtf(bytes, { base: own });
  const lost = relocationFaults(split, own, kernel).slice(0, options.faults);
  if (lost.length > 0) return [{ section: DISTILLED, faults: lost }];
  return [{ section, faults: verifyBtf(relocateBtf(split, kernel), { ...options, base: kernel }) }];
}

function relocationFaults(split: Btf, own: Btf, kernel: Btf): BtfFault[] {
  return unrelocated(split, kernel).map((one) => ({
    rule: 'relocate',
    message: formatUnrelocated(one),
    id: one.id,
    kind: one.kind,
    name: one.name,
    offset: own.byteOffset(one.id),
  }));
}
