import { bytesSource, FormatError, type Source } from '@btf-depot/bytes';
import { readElf, type Elf } from '@btf-depot/elf';
import { btfEndian } from './wire/header.ts';
import { BTF_LIMITS, type BtfLimits } from './limits.ts';

/** One BTF found in a file. */
export interface BtfSection {
  /** `.BTF`, `.BTF.vars`, `.BTF.base`, …; `.BTF` for a raw file. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The BTFs of a file: the file itself if it is raw BTF (as in /sys/kernel/btf), else the sections
 * `.BTF` and `.BTF.*` of an ELF file in their order, without `.BTF.ext`. Throws FormatError
 * `btf-none` if there is none, `btf-limit`, and errors of `readElf`.
 */
export function findBtf(
  source: Source | Uint8Array,
  { bytes: limit = BTF_LIMITS.bytes }: Partial<BtfLimits> = {},
): BtfSection[] {
  const input = source instanceof Uint8Array ? bytesSource(source) : source;
  const magic = input.read(0, Math.min(2, input.size));
  if (btfEndian(magic) !== undefined) {
    checkSize('.BTF', input.size, limit);
    return [{ name: '.BTF', bytes: input.read(0, input.size) }];
  }
  const found = btfSections(readElf(input), { bytes: limit });
  if (found.length === 0) throw new FormatError('btf-none', 'no .BTF section');
  return found;
}

/** The same for an open ELF file; none is no error. */
export function btfSections(
  elf: Elf,
  { bytes: limit = BTF_LIMITS.bytes }: Partial<BtfLimits> = {},
): BtfSection[] {
  return elf.sections
    .filter(({ name, size }) => /^\.BTF(\.|$)/.test(name) && name !== '.BTF.ext' && size > 0)
    .map((section) => {
      checkSize(section.name, section.size, limit);
      return { name: section.name, bytes: elf.bytes(section) };
    })
    .filter(({ bytes }) => btfEndian(bytes) !== undefined);
}

function checkSize(section: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new FormatError('btf-limit', `${size} bytes, limit ${limit}`, { section });
}
