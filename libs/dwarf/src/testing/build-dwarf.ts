import { ByteWriter, type Endian } from '@btf-depot/bytes';
import { writeRelocatable, type SectionInput } from '@btf-depot/elf';
import { Form, UnitType } from '../constants.ts';

/** A label of an entry, or the content of the form. */
export type Value = number | bigint | string | Uint8Array | { readonly label: string };

export type AttributeInput = readonly [attribute: number, form: number, value?: Value];

export interface EntryInput {
  readonly tag: number;
  readonly label?: string;
  readonly attributes?: readonly AttributeInput[];
  readonly children?: readonly EntryInput[];
}

export interface UnitInput {
  readonly version?: number;
  readonly type?: number;
  readonly offsetSize?: 4 | 8;
  readonly addressSize?: 4 | 8;
  readonly signature?: bigint;
  /** Label of a type unit's type. */
  readonly typeLabel?: string;
  readonly root: EntryInput;
}

export interface DwarfInput {
  readonly endian?: Endian;
  readonly units: readonly UnitInput[];
  /** The entries that DW_FORM_strx and addrx index, after headers of 8 bytes. */
  readonly strings?: readonly string[];
  readonly addresses?: readonly bigint[];
}

export type DwarfSections = Record<string, Uint8Array<ArrayBuffer>>;

interface Fixup {
  readonly at: number;
  readonly size: number;
  readonly label: string;
  /** Subtracted from it: the unit's start, for references inside the unit. */
  readonly from: number;
  /** Labels of the unit; another unit may use them again. */
  readonly own: ReadonlyMap<string, number>;
}

/** Writes .debug_info and the sections that it needs; each unit has its own abbreviation table. */
export function buildDwarf({ endian = 'little', units, ...tables }: DwarfInput): DwarfSections {
  const { strings = [], addresses = [] } = tables;
  const info = new ByteWriter(endian);
  const abbreviations = new ByteWriter(endian);
  const text = new ByteWriter(endian).u8(0);
  const labels = new Map<string, number>();
  const fixups: Fixup[] = [];
  const textAt = (value: string): number => {
    const at = text.length;
    text.bytes(Buffer.from(`${value}\0`, 'latin1'));
    return at;
  };
  const lengths: { at: number; size: number; value: number }[] = [];

  for (const unit of units) {
    const { version = 5, offsetSize = 4, addressSize = 8, type = UnitType.COMPILE } = unit;
    const start = info.length;
    const own = new Map<string, number>();
    const offset = (value: number): ByteWriter =>
      offsetSize === 8 ? info.u64(value) : info.u32(value);
    if (offsetSize === 8) info.u32(0xffffffff);
    const lengthAt = info.length;
    offset(0);
    info.u16(version);
    if (version >= 5) info.u8(type).u8(addressSize);
    offset(abbreviations.length);
    if (version < 5) info.u8(addressSize);
    if (type === UnitType.TYPE) {
      info.u64(unit.signature ?? 0n);
      fixups.push({
        at: info.length,
        size: offsetSize,
        label: unit.typeLabel ?? '',
        from: start,
        own,
      });
      offset(0);
    }
    let code = 0;
    const writeEntry = (entry: EntryInput): void => {
      if (entry.label !== undefined) {
        own.set(entry.label, info.length);
        labels.set(entry.label, info.length);
      }
      const { attributes = [], children = [] } = entry;
      code++;
      unsigned(info, code);
      unsigned(unsigned(abbreviations, code), entry.tag).u8(children.length > 0 ? 1 : 0);
      for (const [attribute, form, value = 0] of attributes) {
        unsigned(unsigned(abbreviations, attribute), form);
        if (form === Form.IMPLICIT_CONST) signed(abbreviations, value as number);
        else writeValue(form, value);
      }
      abbreviations.u8(0).u8(0);
      for (const child of children) writeEntry(child);
      if (children.length > 0) info.u8(0);
    };
    const sizes: Record<number, number> = {
      [Form.REF1]: 1,
      [Form.REF2]: 2,
      [Form.REF4]: 4,
      [Form.REF8]: 8,
      [Form.REF_ADDR]: version < 3 ? addressSize : offsetSize,
    };
    const writeValue = (form: number, value: Value): void => {
      if (typeof value === 'object' && 'label' in value) {
        const size = sizes[form];
        const from = form === Form.REF_ADDR ? 0 : start;
        fixups.push({ at: info.length, size, label: value.label, from, own });
        info.zeros(size);
        return;
      }
      const number = (): number => Number(value);
      switch (form) {
        case Form.STRP:
        case Form.LINE_STRP:
          offset(typeof value === 'string' ? textAt(value) : number());
          break;
        case Form.STRING:
          info.bytes(Buffer.from(`${value as string}\0`, 'latin1'));
          break;
        case Form.EXPRLOC:
        case Form.BLOCK:
          unsigned(info, (value as Uint8Array).length).bytes(value as Uint8Array);
          break;
        case Form.BLOCK1:
          info.u8((value as Uint8Array).length).bytes(value as Uint8Array);
          break;
        case Form.BLOCK2:
          info.u16((value as Uint8Array).length).bytes(value as Uint8Array);
          break;
        case Form.BLOCK4:
          info.u32((value as Uint8Array).length).bytes(value as Uint8Array);
          break;
        case Form.FLAG_PRESENT:
          break;
        case Form.SDATA:
          signed(info, number());
          break;
        case Form.UDATA:
        case Form.STRX:
        case Form.ADDRX:
        case Form.REF_UDATA:
        case Form.LOCLISTX:
        case Form.RNGLISTX:
          unsigned(info, number());
          break;
        case Form.DATA1:
        case Form.FLAG:
        case Form.STRX1:
        case Form.ADDRX1:
        case Form.REF1:
          info.u8(number());
          break;
        case Form.DATA2:
        case Form.STRX2:
          info.u16(number());
          break;
        case Form.DATA4:
        case Form.REF4:
          info.u32(number());
          break;
        case Form.DATA8:
        case Form.REF_SIG8:
          info.u64(BigInt.asUintN(64, BigInt(value as number | bigint)));
          break;
        case Form.DATA16:
          info.bytes(value as Uint8Array);
          break;
        case Form.ADDR:
          if (addressSize === 8) info.u64(BigInt(value as number | bigint));
          else info.u32(number());
          break;
        case Form.INDIRECT:
          // The value is the form itself, then one byte.
          unsigned(info, Form.DATA1).u8(number());
          break;
        default:
          offset(number());
      }
    };
    writeEntry(unit.root);
    abbreviations.u8(0);
    lengths.push({ at: lengthAt, size: offsetSize, value: info.length - lengthAt - offsetSize });
  }
  const bytes = info.finish();
  const view = new DataView(bytes.buffer);
  const little = endian === 'little';
  const patch = (at: number, size: number, value: number): void => {
    if (size === 8) view.setBigUint64(at, BigInt(value), little);
    else if (size === 4) view.setUint32(at, value, little);
    else if (size === 2) view.setUint16(at, value, little);
    else view.setUint8(at, value);
  };
  for (const { at, size, value } of lengths) patch(at, size, value);
  for (const { at, size, label, from, own } of fixups) {
    const target = own.get(label) ?? labels.get(label);
    if (target === undefined) throw new RangeError(`no entry has the label ${label}`);
    patch(at, size, target - from);
  }
  const stringOffsets = new ByteWriter(endian).zeros(8);
  for (const one of strings) stringOffsets.u32(textAt(one));
  const table = new ByteWriter(endian).zeros(8);
  for (const one of addresses) table.u64(one);
  return {
    '.debug_info': bytes,
    '.debug_abbrev': abbreviations.finish(),
    '.debug_str': text.finish(),
    '.debug_line_str': text.finish(),
    '.debug_str_offsets': stringOffsets.finish(),
    '.debug_addr': table.finish(),
  };
}

export interface ImageSection {
  readonly name: string;
  readonly type?: number;
  readonly flags: number;
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** A linked ELF file (ET_EXEC) with debug sections and sections for variables. */
export function buildImage(
  debug: DwarfSections,
  image: readonly ImageSection[] = [],
  options: { endian?: Endian; class?: 32 | 64; compressed?: Record<string, Uint8Array> } = {},
): Uint8Array<ArrayBuffer> {
  const { endian = 'little', class: bits = 64, compressed = {} } = options;
  const sections: SectionInput[] = [
    ...image.map(({ name, type = 1, flags, bytes }) => ({ name, type, flags, bytes })),
    ...Object.entries(debug).map(([name, bytes]) =>
      name in compressed ? { name, bytes: compressed[name], flags: 0x800 } : { name, bytes },
    ),
  ];
  const machine = bits === 64 ? 62 : 40;
  const file = writeRelocatable({ class: bits, endian, machine, sections });
  const view = new DataView(file.buffer);
  const little = endian === 'little';
  view.setUint16(16, 2, little);
  const table = bits === 64 ? Number(view.getBigUint64(40, little)) : view.getUint32(32, little);
  image.forEach(({ address }, index) => {
    // Section 0 is the null section.
    if (bits === 64) view.setBigUint64(table + (index + 1) * 64 + 16, address, little);
    else view.setUint32(table + (index + 1) * 40 + 12, Number(address), little);
  });
  return file;
}

/** DW_OP_addr with an address of 8 bytes. */
export function addressExpression(address: bigint, endian: Endian = 'little'): Uint8Array {
  return new ByteWriter(endian).u8(0x03).u64(address).finish();
}

function unsigned(out: ByteWriter, value: number): ByteWriter {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.u8((rest % 128) | 0x80);
  return out.u8(rest);
}

function signed(out: ByteWriter, value: number): ByteWriter {
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    out.u8(last ? byte : byte | 0x80);
    if (last) return out;
  }
}
