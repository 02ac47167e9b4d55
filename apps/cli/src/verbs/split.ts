import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXTRAS } from '@btf-depot/contracts';
import { splitKernel, type KernelParts } from '@btf-depot/depot';
import { openFileSource } from '@btf-depot/service-kit';
import { Command } from 'commander';
import { writeWhole } from '../btf-file.ts';
import { jsonOption } from '../options.ts';
import { isWatched, progressBar } from '../progress-bar.ts';
import { formatBytes, formatCount, formatTable, print, printJson } from '../output.ts';

interface Flags {
  output: string;
  full?: string;
  buildId?: string;
  json?: boolean;
}

export function splitCommand(): Command {
  return new Command('split')
    .summary("take a kernel's BTF apart into core and extras, without a depot")
    .description(
      'Writes vmlinux.btf (core), vmlinux.vars.btf (variables, split BTF on core) and, where the\n' +
        'kernel has its symbol table, vmlinux.ksyms.btf: what a depot would make of the same files.',
    )
    .argument('<kernel>', 'vmlinux, or raw BTF with --build-id')
    .requiredOption('-o, --output <folder>', 'where to put the files; made where it is missing')
    .option('--full <file>', 'BTF with all variables; else they come from DWARF')
    .option('--build-id <hex>', 'build ID of a raw BTF file')
    .addOption(jsonOption())
    .action(split);
}

function split(path: string, { output, full: fullPath, buildId, json }: Flags): void {
  using kernel = openFileSource(path);
  using full = fullPath === undefined ? undefined : openFileSource(fullPath);
  const bar = progressBar(path, isWatched({ json: json === true }));
  const parts = splitKernel(
    { kernel, ...(full && { full }) },
    { ...(buildId !== undefined && { buildId }), extras: EXTRAS },
    (done, total) => bar.show('split', done, total),
  );
  bar.stop();
  mkdirSync(output, { recursive: true });
  const files = filesOf(parts).map(({ name, bytes, ...rest }) => {
    writeWhole(join(output, name), bytes);
    return { file: join(output, name), size: bytes.length, ...rest };
  });
  const { buildId: id, release, delivery } = parts;
  if (json) {
    printJson({ buildId: id, ...(release !== undefined && { release }), delivery, files });
    return;
  }
  const rows = files.map(({ file, size, types, variables }) => [
    file,
    formatBytes(size),
    `${formatCount(types)} types${variables === undefined ? '' : `, ${formatCount(variables)} variables`}`,
  ]);
  print(`build ID ${id}\n${formatTable(rows, [1])}`);
}

function filesOf({ core, vars, ksyms }: KernelParts) {
  const parts = { 'vmlinux.btf': core, 'vmlinux.vars.btf': vars, 'vmlinux.ksyms.btf': ksyms };
  return Object.entries(parts).flatMap(([name, part]) => {
    if (!part) return [];
    const { bytes, sha256, types } = part;
    const variables = 'variables' in part ? part.variables : undefined;
    return [{ name, bytes, sha256, types, ...(variables !== undefined && { variables }) }];
  });
}
