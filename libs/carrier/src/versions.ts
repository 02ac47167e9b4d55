import { ByteWriter } from '@btf-depot/bytes';
import { SectionFlag, type SectionInput } from '@btf-depot/elf';
import { moduleNameLength } from './struct-module.ts';
import type { CarrierTarget } from './target.ts';

/** The one symbol that every module of a kernel with modversions depends on. */
const SYMBOL = 'module_layout';

/** `__versions`: struct modversion_info, an unsigned long and a name, 64 bytes in all. */
export function versionsSection(target: CarrierTarget, crc: number): SectionInput {
  const writer = new ByteWriter(target.endian);
  if (target.class === 64) writer.u64(crc);
  else writer.u32(crc);
  writer.bytes(Buffer.from(SYMBOL, 'latin1')).zeros(moduleNameLength(target.class) - SYMBOL.length);
  return { name: '__versions', flags: SectionFlag.ALLOC, align: 8, bytes: writer.finish() };
}

/** The same in the form of EXTENDED_MODVERSIONS: CRCs, and names one after the other. */
export function extendedVersionsSections(target: CarrierTarget, crc: number): SectionInput[] {
  const flags = SectionFlag.ALLOC;
  return [
    {
      name: '__version_ext_crcs',
      flags,
      align: 4,
      bytes: new ByteWriter(target.endian).u32(crc).finish(),
    },
    { name: '__version_ext_names', flags, bytes: Buffer.from(`${SYMBOL}\0`, 'latin1') },
  ];
}
