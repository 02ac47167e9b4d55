import { Command } from 'commander';
import { formatUnrelocated } from '@btf-depot/btf';
import type { Judgement } from '@btf-depot/carrier';
import { inspectFile, type BrokenBtf, type Inspected, type InspectedBtf } from './inspect-file.ts';
import { jsonOption } from '../../options/options.ts';
import {
  formatBytes,
  formatCount,
  formatTable,
  note,
  print,
  printable,
  printJson,
} from '../../terminal/output.ts';
import { loadingKernel } from '../../running/running-kernel.ts';

export function inspectCommand(): Command {
  return new Command('inspect')
    .summary('describe a file: build ID, BTF and its kinds, module information')
    .description(
      'Shows the content of a kernel, module, carrier or BTF, also compressed, in an image (vmlinuz) or ' +
        'in a package. Needs no depot.',
    )
    .argument('<file>')
    .option('-B, --base <file>', 'base of a split BTF: vmlinux or raw BTF')
    .option('--running', 'compare a carrier with the kernel that runs here')
    .addOption(jsonOption())
    .action(async (file: string, { base, running, json }: Flags) => {
      const inspected = await inspectFile(file, {
        base,
        running: running ? await loadingKernel() : undefined,
      });
      if (json) printJson({ file, ...inspected });
      else print(describe(file, inspected));
      if (inspected.btf.some((one) => 'fault' in one)) process.exitCode = 1;
      if (running) judge(inspected);
    });
}

interface Flags {
  base?: string;
  running?: boolean;
  json?: boolean;
}

function judge({ modinfo, misfit }: Inspected): void {
  const why = modinfo ? misfit : 'no-carrier';
  note(why === undefined ? 'it fits the running kernel' : `it must not be loaded here: ${why}`);
  if (why !== undefined) process.exitCode = 1;
}

function describe(
  file: string,
  { kind, compressed, isInside, size, elf, release, arch, ...rest }: Inspected,
): string {
  const what = elf ? `ELF ${elf.bits}-bit ${elf.endian}-endian ${elf.arch}` : kind.toUpperCase();
  const packed = compressed ? `, unpacked from ${compressed}` : isInside ? ', found inside' : '';
  const lines = [`${printable(file)}: ${what}, ${formatBytes(size)}${packed}`];
  const says = [release, arch].filter((word) => word !== undefined);
  if (says.length > 0) lines.push(printable(says.join(' ')));
  if (rest.buildId !== undefined) lines.push(`build ID ${rest.buildId}`);
  for (const [key, value] of Object.entries(rest.modinfo ?? {})) {
    lines.push(`${printable(key)}=${printable(value)}`);
  }
  if (rest.modinfo) {
    const loads = rest.loadable
      ? 'a module that a kernel can load'
      : 'for files only: kernels do not load it';
    lines.push(`${loads}, ${rest.signed ? 'signed' : 'not signed'}`);
  }
  if (rest.judgement) lines.push(describeJudgement(rest.judgement));
  if (rest.btf.length === 0) lines.push('no BTF');
  return `${lines.join('\n')}\n${rest.btf.map(describeBtf).join('')}`;
}

function describeJudgement(judgement: Judgement): string {
  switch (judgement.as) {
    case 'carrier':
      return `nothing but BTF: version ${judgement.writer} of the carrier writer makes the same bytes`;
    case 'empty-module':
      return 'nothing but BTF, in an empty module of a kernel build';
    case 'refused':
      return `not only BTF: ${printable(judgement.why)} [${judgement.code}]`;
  }
}

function describeBtf(btf: InspectedBtf | BrokenBtf): string {
  if ('fault' in btf) {
    const { code, message } = btf.fault;
    const what = `${formatBytes(btf.size)}, not read: ${printable(message)} [${code}]`;
    return `${printable(btf.section)}: ${what}
`;
  }
  const { section, size, headerSize, typeBytes, stringBytes, types, kinds, unrelocated } = btf;
  const head =
    `${printable(section)}: ${formatBytes(size)} (header ${headerSize}, ` +
    `types ${formatBytes(typeBytes)}, strings ${formatBytes(stringBytes)}), ${btf.endian}-endian, ` +
    (types === undefined ? 'split: name its base with --base' : `${formatCount(types)} types`);
  const rows = Object.entries(kinds ?? {}).map(([name, count]) => [
    `  ${name}`,
    formatCount(count),
  ]);
  return `${head}\n${formatTable(rows, [1])}${describeRelocation(unrelocated)}`;
}

function describeRelocation(lost: InspectedBtf['unrelocated']): string {
  if (!lost) return '';
  if (lost.length === 0) return '  relocates to the base given\n';
  const rows = lost.map((one) => {
    const what = `[${one.id}] ${one.kind} ${printable(one.name)}`;
    return `  does not relocate: ${what}: ${formatUnrelocated(one)}\n`;
  });
  return rows.join('');
}
