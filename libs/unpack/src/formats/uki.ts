import { ByteReader, type Source } from '@btf-depot/bytes';
import { hasText, type ImageFormat, type Part } from '../format.ts';
import { checkedPart } from '../images/payload.ts';

/** More than any image has; addons and profiles are sections too. */
const SECTIONS = 96;

/**
 * Unified kernel images (uapi-group.org, "Unified Kernel Image"): a PE file whose section `.linux`
 * is the kernel. `.initrd` never contains one.
 */
export const uki: ImageFormat = {
  kind: 'image',
  name: 'uki',
  fileName: /\.efi$/i,
  begins: (_, source) => sectionsOf(source).some(({ name }) => name === '.linux'),
  *pieces(source, tools) {
    for (const { name, ...part } of sectionsOf(source)) {
      if (name === '.linux') yield { ...checkedPart('uki', source, part), name, kind: 'kernel' };
      if (name !== '.initrd') continue;
      tools.passOver('initrd', 'modules of an initrd may be of another build', name);
    }
  },
};

/** The sections of a PE file (Microsoft's "PE Format"); none for anything else. */
function sectionsOf(source: Source): (Part & { name: string })[] {
  if (source.size < 0x40) return [];
  const dos = source.read(0, 0x40);
  if (!hasText(dos, 0, 'MZ')) return [];
  const at = new ByteReader(dos.subarray(0x3c), 'little').u32();
  if (at + 24 > source.size) return [];
  const coff = new ByteReader(source.read(at, 24), 'little');
  if (!hasText(coff.bytes, 0, 'PE\0\0')) return [];
  coff.seek(6);
  const count = coff.u16();
  coff.seek(20);
  const table = at + 24 + coff.u16();
  if (count > SECTIONS || table + 40 * count > source.size) return [];
  const headers = new ByteReader(source.read(table, 40 * count), 'little');
  return Array.from({ length: count }, (_, index) => {
    headers.seek(40 * index);
    const name = Buffer.from(headers.take(8)).toString('latin1').replace(/\0+$/, '');
    const virtual = headers.u32();
    headers.skip(4);
    const raw = headers.u32();
    const offset = headers.u32();
    // In the file a section is padded to its alignment; some writers do not state the true size.
    return { name, offset, length: virtual === 0 ? raw : Math.min(virtual, raw) };
  });
}
