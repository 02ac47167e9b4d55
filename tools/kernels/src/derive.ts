import { open, writeFile } from 'node:fs/promises';
import { pahole, readelf } from './judges.ts';

// The flags of scripts/Makefile.btf of Linux 6.12 for pahole 1.26 and newer, plus global_var. Each
// unit is encoded by itself and merged in order, so the output does not depend on the number of
// jobs.
const features = [
  'encode_force',
  'var',
  'float',
  'enum64',
  'decl_tag',
  'type_tag',
  'optimized_func',
  'consistent_func',
  'decl_tag_kfuncs',
  'global_var',
];

/** The recipe of `full.btf`. */
export const fullBtfFlags = [
  '-J',
  '-j2',
  '--lang_exclude=rust',
  `--btf_features=${features.join(',')}`,
];

/** Writes the BTF of all types and variables, as a build's own pahole would. */
export async function makeFullBtf(vmlinux: string, output: string): Promise<void> {
  await pahole([...fullBtfFlags, `--btf_encode_detached=${output}`, vmlinux]);
}

/** The place of `.BTF` in the file, from the output of `readelf -SW`. */
export function parseBtfSection(listing: string): { offset: number; size: number } | undefined {
  const match = /\] \.BTF +PROGBITS +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) /.exec(listing);
  if (match === null) return undefined;
  const [, offset = '', size = ''] = match;
  return { offset: parseInt(offset, 16), size: parseInt(size, 16) };
}

/** Writes the `.BTF` section that the kernel was shipped with, if any. */
export async function makeCoreBtf(vmlinux: string, output: string): Promise<void> {
  const section = parseBtfSection(await readelf(['-SW', vmlinux]));
  if (section === undefined) return;
  const file = await open(vmlinux);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(section.size),
      0,
      section.size,
      section.offset,
    );
    if (bytesRead !== section.size) throw new Error(`${vmlinux}: .BTF passes its end`);
    await writeFile(output, buffer);
  } finally {
    await file.close();
  }
}
