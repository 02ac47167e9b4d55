import { ByteReader, type Endian } from '@btf-depot/bytes';
import { checkLimit, ELF_LIMITS } from './limits.ts';

/** One note: owner without its final NUL, type of that owner's numbering, contents. */
export interface ElfNote {
  readonly owner: string;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** NT_GNU_BUILD_ID. */
const GNU_BUILD_ID = 3;

/**
 * The notes of an SHT_NOTE section, or of `/sys/kernel/notes`. Name and contents are padded to
 * four bytes, in 64-bit files too; the linker may put four more zero bytes between notes where it
 * joins sections of alignment 8. Throws FormatError `elf-truncated`, `elf-limit`.
 */
export function readNotes(
  bytes: Uint8Array,
  endian: Endian,
  options: { readonly section?: string; readonly limit?: number } = {},
): ElfNote[] {
  const { section = 'notes', limit = ELF_LIMITS.notes } = options;
  const reader = new ByteReader(bytes, endian, { section, code: 'elf-truncated' });
  const notes: ElfNote[] = [];
  while (reader.remaining >= 12) {
    const ownerSize = reader.u32();
    // No owner has an empty name in practice: this is padding up to eight bytes.
    if (ownerSize === 0 && reader.position % 8 === 0) continue;
    const size = reader.u32();
    const type = reader.u32();
    const owner = takePadded(reader, ownerSize);
    const contents = takePadded(reader, size);
    const name = Buffer.from(owner).toString('latin1');
    notes.push({ owner: name.replace(/\0+$/, ''), type, bytes: contents });
    checkLimit('notes', notes.length, limit, section);
  }
  return notes;
}

/** The last note's padding may be cut off at the end of the section. */
function takePadded(reader: ByteReader, size: number): Uint8Array {
  const taken = reader.take(size);
  reader.skip(Math.min((4 - (size % 4)) % 4, reader.remaining));
  return taken;
}

/** The GNU build ID among notes as lowercase hex (40 digits as a rule), if there is one. */
export function buildIdOf(notes: readonly ElfNote[]): string | undefined {
  const note = notes.find(
    ({ owner, type, bytes }) => owner === 'GNU' && type === GNU_BUILD_ID && bytes.length > 0,
  );
  return note && Buffer.from(note.bytes).toString('hex');
}
