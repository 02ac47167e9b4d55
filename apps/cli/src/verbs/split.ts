import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseBtf } from '@btf-depot/btf';
import { EXTRAS, type ArtifactName } from '@btf-depot/contracts';
import { splitKernel, type KernelParts, type SplitPart } from '@btf-depot/depot';
import { inChunks } from '@btf-depot/extras';
import { Command } from 'commander';
import { writeWhole } from '../btf-file.ts';
import { jsonOption } from '../options.ts';
import { isWatched, progressBar } from '../progress-bar.ts';
import { formatBytes, formatCount, formatTable, print, printJson } from '../output.ts';
import { openLocalFile } from '../special-file.ts';

interface Flags {
  output: string;
  full?: string;
  buildId?: string;
  narrow?: boolean;
  json?: boolean;
}

export function splitCommand(): Command {
  return new Command('split')
    .summary("take a kernel's BTF apart into core and extras, without a depot")
    .description(
      'Writes vmlinux.btf (core), vmlinux.vars.btf (variables, split BTF on core), where the kernel ' +
        'has its symbol table, vmlinux.ksyms.btf, and where it has DWARF, vmlinux.inlines.btf with ' +
        'vmlinux.inlines.map: what a depot would make of the same files.',
    )
    .argument('<kernel>', 'vmlinux, or raw BTF with --build-id')
    .requiredOption('-o, --output <folder>', 'where to put the files; made where it is missing')
    .option('--full <file>', 'BTF with all variables; else they come from DWARF')
    .option('--narrow', 'inlined calls in sections of 65,535, for readers with 16 bits for them')
    .option('--build-id <hex>', 'build ID of a raw BTF file')
    .addOption(jsonOption())
    .action(split);
}

function split(path: string, flags: Flags): void {
  const { output, full: fullPath, buildId, narrow = false, json } = flags;
  using kernel = openLocalFile(path);
  using full = fullPath === undefined ? undefined : openLocalFile(fullPath);
  const bar = progressBar(path, isWatched({ json: json === true }));
  const parts = splitKernel(
    { kernel, ...(full && { full }) },
    { ...(buildId !== undefined && { buildId }), extras: EXTRAS },
    (done, total) => bar.show('split', done, total),
  );
  bar.stop();
  mkdirSync(output, { recursive: true });
  const files = filesOf(narrow ? narrowed(parts) : parts).map(({ name, bytes, ...rest }) => {
    writeWhole(join(output, name), bytes);
    return { file: join(output, name), size: bytes.length, ...rest };
  });
  const { buildId: id, release, delivery } = parts;
  if (json) {
    printJson({ buildId: id, ...(release !== undefined && { release }), delivery, files });
    return;
  }
  const rows = files.map(({ file, size, types, variables, sites }) => [
    file,
    formatBytes(size),
    Object.entries({ types, variables, sites })
      .flatMap(([what, count]) => (count === undefined ? [] : [`${formatCount(count)} ${what}`]))
      .join(', '),
  ]);
  print(`build ID ${id}\n${formatTable(rows, [1])}`);
}

interface WrittenPart extends Pick<SplitPart, 'bytes' | 'sha256'> {
  types?: number;
  variables?: number;
  sites?: number;
}

function filesOf({ core, vars, ksyms, inlines }: KernelParts) {
  const parts: Partial<Record<ArtifactName, WrittenPart | undefined>> = {
    'vmlinux.btf': core,
    'vmlinux.vars.btf': vars,
    'vmlinux.ksyms.btf': ksyms,
    'vmlinux.inlines.btf': inlines,
    'vmlinux.inlines.map': inlines?.map,
  };
  return Object.entries(parts).flatMap(([name, part]) => {
    if (!part) return [];
    const { bytes, sha256, types, variables, sites } = part;
    return [
      {
        ...{ name, bytes, sha256 },
        ...(types !== undefined && { types }),
        ...(variables !== undefined && { variables }),
        ...(sites !== undefined && { sites }),
      },
    ];
  });
}

/** The same parts, with inlined calls for readers with a vlen of 16 bits. */
function narrowed(parts: KernelParts): KernelParts {
  const { core, inlines } = parts;
  if (!inlines) return parts;
  const base = parseBtf(core.bytes);
  const bytes = inChunks(parseBtf(inlines.bytes, { base }));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const types = parseBtf(bytes, { base }).typeCount;
  return { ...parts, inlines: { ...inlines, bytes, sha256, types } };
}
