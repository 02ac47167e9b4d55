import { bytesSource } from '@btf-depot/bytes';
import { readElf, writeRelocatable, type SectionInput } from '@btf-depot/elf';

const TABLES = new Set(['', '.symtab', '.strtab', '.shstrtab']);

/**
 * The module with one more section, which relocates the one of that name if it is of relocations.
 */
export function withSection(module: Uint8Array, more: SectionInput, relocates?: string) {
  const elf = readElf(bytesSource(module));
  const { class: bits, endian, header } = elf;
  const sections = elf.sections.filter(({ name }) => !TABLES.has(name));
  const bytes = writeRelocatable({
    class: bits,
    endian,
    machine: header.machine,
    flags: header.flags,
    osabi: header.osabi,
    sections: [...sections.map((one) => ({ ...one, bytes: elf.bytes(one).slice() })), more],
  });
  if (relocates !== undefined) {
    const after = readElf(bytesSource(bytes));
    const at = after.header.sectionOffset + (sections.length + 1) * 64;
    const symbols = after.sections.findIndex(({ name }) => name === '.symtab');
    const view = new DataView(bytes.buffer);
    view.setUint32(at + 40, symbols, true);
    view.setUint32(at + 44, after.section(relocates)?.index ?? 0, true);
  }
  return bytes;
}

/**
 * The appended part of a signed module, without a signer in it: the smallest possible PKCS #7
 * message.
 */
export function signatureOf(message = SIGNED_DATA): Uint8Array {
  const trailer = Buffer.alloc(12);
  trailer[2] = 2;
  trailer.writeUInt32BE(message.length, 8);
  return Buffer.concat([message, trailer, Buffer.from('~Module signature appended~\n')]);
}

/** ContentInfo: the object identifier of SignedData, and no content. */
const SIGNED_DATA = Buffer.from('300d06092a864886f70d010702a000', 'hex');
