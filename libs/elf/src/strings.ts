import { FormatError } from '@btf-depot/bytes';

/**
 * The string at `offset` of a string table, one character a byte (names in ELF are byte strings).
 * Throws FormatError `elf-string` if it lies outside or has no end.
 */
export function stringAt(table: Uint8Array, offset: number, section: string): string {
  const end = offset < table.length ? table.indexOf(0, offset) : -1;
  if (end < 0) {
    throw new FormatError('elf-string', 'string outside its table', { section, offset });
  }
  return Buffer.from(table.buffer, table.byteOffset + offset, end - offset).toString('latin1');
}
