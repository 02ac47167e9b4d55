import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseBtf } from '@btf-depot/btf';
import { EXTRA_NAMES, EXTRAS, PARTS, PUBLISHED_PARTS } from '@btf-depot/contracts';
import { bytesOfPart, splitPart, type KernelParts } from '@btf-depot/depot';
import { inChunks } from '@btf-depot/extras';
import { Command } from 'commander';
import { writeWhole } from '../files/btf-file.ts';
import { splitFiles } from '../files/split-files.ts';
import { jsonOption } from '../options/options.ts';
import { isWatched, progressBar } from '../terminal/progress-bar.ts';
import {
  formatBytes,
  formatCount,
  formatTable,
  note,
  print,
  printable,
  printJson,
} from '../terminal/output.ts';

interface Flags {
  output: string;
  full?: string;
  buildId?: string;
  narrow?: boolean;
  json?: boolean;
}

export function splitCommand(): Command {
  return new Command('split')
    .summary("split a kernel's BTF into core and extras, without a depot")
    .description(
      'Writes the parts that a depot makes of the same files: vmlinux.btf (core) and ' +
        'vmlinux.vars.btf (variables, split BTF on core); vmlinux.ksyms.btf if the kernel has a symbol ' +
        'table; vmlinux.inlines.btf and vmlinux.inlines.map if it has DWARF. Of ' +
        'a kernel that was built without BTF, core is made of its DWARF too.',
    )
    .argument('<kernel>', 'vmlinux, vmlinuz, Image, package or archive; or raw BTF with --build-id')
    .requiredOption('-o, --output <folder>', 'output folder; created if missing')
    .option('--full <file>', 'BTF with all variables; else they come from DWARF')
    .option(
      '--narrow',
      'put at most 65,535 inlined calls into a section, for readers with 16-bit counts',
    )
    .option('--build-id <hex>', 'build ID of a raw BTF file')
    .addOption(jsonOption())
    .action(split);
}

async function split(path: string, flags: Flags): Promise<void> {
  const { output, full, buildId, narrow = false, json } = flags;
  const bar = progressBar(path, isWatched({ json: json === true }));
  bar.busy('unpacking');
  const { parts, passedOver } = await splitFiles(
    { kernel: path, full },
    { buildId, extras: EXTRA_NAMES },
    (done, total) => bar.show('split', done, total),
  ).finally(() => bar.stop());
  for (const one of passedOver) note(printable(`ignored ${one}`));
  mkdirSync(output, { recursive: true });
  const files = filesOf(narrow ? narrowed(parts) : parts).map(({ name, bytes, ...rest }) => {
    writeWhole(join(output, name), bytes);
    return { file: join(output, name), size: bytes.length, ...rest };
  });
  const { buildId: id, release, delivery } = parts;
  if (json) {
    const described = files.map(({ counts, ...rest }) => ({ ...rest, ...counts }));
    printJson({ buildId: id, release, delivery, files: described });
    return;
  }
  const rows = files.map(({ file, size, counts }) => [
    file,
    formatBytes(size),
    Object.entries(counts)
      .map(([what, count]) => `${formatCount(count)} ${what}`)
      .join(', '),
  ]);
  print(`build ID ${id}\n${formatTable(rows, [1])}`);
}

/** Counts that a part may report. */
const COUNTED = ['types', ...new Set(Object.values(EXTRAS).map(({ counts }) => counts))];

function filesOf(parts: KernelParts) {
  return PUBLISHED_PARTS.flatMap((part) => {
    const found = bytesOfPart(parts, part);
    if (!found) return [];
    const { bytes, sha256 } = found;
    const all = new Map(Object.entries(found));
    const counted = COUNTED.filter((what) => all.has(what)).map((what): [string, unknown] => [
      what,
      all.get(what),
    ]);
    const counts = Object.fromEntries(counted) as Record<string, number>;
    return [{ name: PARTS[part].artifact.name, bytes, sha256, counts }];
  });
}

/** The same parts, with inlined calls for readers with a vlen of 16 bits. */
function narrowed(parts: KernelParts): KernelParts {
  const { core, inlines } = parts;
  if (!inlines) return parts;
  const base = parseBtf(core.bytes);
  const bytes = inChunks(parseBtf(inlines.bytes, { base }));
  const part = splitPart(bytes, parseBtf(bytes, { base }).typeCount);
  return { ...parts, inlines: { ...inlines, ...part } };
}
