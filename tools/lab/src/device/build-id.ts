import { readElf } from '@btf-depot/elf';
import { openFileSource } from '@btf-depot/compute';

export function buildIdOfFile(path: string): string {
  using file = openFileSource(path);
  return readElf(file).buildId() ?? '';
}
