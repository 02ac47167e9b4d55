import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ByteReader, bytesSource } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';

const DT_NEEDED = 1;

/**
 * Paths of the shared libraries that an executable loads, by name; those in none of the folders are
 * left out.
 */
export function neededLibraries(executable: string, folders: readonly string[]): string[] {
  const found = new Map<string, string>();
  const add = (path: string): void => {
    for (const name of neededBy(readFileSync(path))) {
      const place = folders.map((folder) => join(folder, name)).find((one) => existsSync(one));
      if (place === undefined || found.has(name)) continue;
      found.set(name, place);
      add(place);
    }
  };
  add(executable);
  return [...found.values()];
}

function neededBy(bytes: Uint8Array): string[] {
  const elf = readElf(bytesSource(bytes));
  const [dynamic, strings] = [elf.section('.dynamic'), elf.section('.dynstr')];
  if (!dynamic || !strings) return [];
  const text = Buffer.from(elf.bytes(strings)).toString('latin1');
  const reader = new ByteReader(elf.bytes(dynamic), elf.endian);
  const word = (): number => (elf.class === 64 ? Number(reader.u64()) : reader.u32());
  const names: string[] = [];
  while (reader.remaining > 0) {
    const [tag, value] = [word(), word()];
    if (tag === DT_NEEDED) names.push(text.slice(value, text.indexOf('\0', value)));
  }
  return names;
}
