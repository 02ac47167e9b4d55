import { FormatError, type Endian, type Source } from '@btf-depot/bytes';
import { UnitType } from './constants.ts';
import type { FormContext } from './entries/forms.ts';
import { checkLimit, type DwarfLimits } from './limits.ts';

/** Header of a unit (DWARF 5, 7.5.1); offsets count from the start of its section. */
export interface UnitHeader extends FormContext {
  readonly section: '.debug_info' | '.debug_types';
  readonly offset: number;
  readonly end: number;
  /** UnitType.COMPILE, … */
  readonly type: number;
  readonly abbreviations: number;
  /** Bytes from the unit's start to its first entry. */
  readonly firstEntry: number;
  /** For type units: the signature in DW_FORM_ref_sig8. */
  readonly signature?: bigint | undefined;
  /** For type units: bytes from the unit's start to the type. */
  readonly typeEntry?: number | undefined;
}

const LONGEST_HEADER = 12 + 2 + 1 + 1 + 8 + 8 + 8;

/**
 * Reads the headers of all units of a section, .debug_types (DWARF 4, 7.5.1.3) or .debug_info.
 * Throws FormatError `dwarf-unit` for a header that breaks the standard or exceeds the section,
 * `dwarf-version`, `dwarf-split`, `dwarf-limit`.
 */
export function readUnitHeaders(
  source: Source,
  section: UnitHeader['section'],
  endian: Endian,
  limits: DwarfLimits,
): UnitHeader[] {
  const units: UnitHeader[] = [];
  for (let offset = 0; offset < source.size;) {
    const header = readHeader(source, section, offset, endian);
    checkLimit('bytes of one unit', header.end - offset, limits.unitBytes, { section, offset });
    checkLimit('units', units.length + 1, limits.units, { section, offset });
    units.push(header);
    offset = header.end;
  }
  return units;
}

function readHeader(
  source: Source,
  section: UnitHeader['section'],
  offset: number,
  endian: Endian,
): UnitHeader {
  const fail = (message: string, code = 'dwarf-unit'): FormatError =>
    new FormatError(code, message, { section, offset });
  const length = Math.min(LONGEST_HEADER, source.size - offset);
  // Zeros follow the end: a truncated header then has an invalid length or version.
  const bytes = new Uint8Array(LONGEST_HEADER);
  bytes.set(source.read(offset, length));
  const view = new DataView(bytes.buffer);
  const little = endian === 'little';
  const u64 = (at: number): number => Number(view.getBigUint64(at, little));

  const first = view.getUint32(0, little);
  if (first >= 0xfffffff0 && first < 0xffffffff) throw fail('a unit of reserved length');
  const offsetSize = first === 0xffffffff ? 8 : 4;
  const unitLength = offsetSize === 8 ? u64(4) : first;
  let at = offsetSize === 8 ? 12 : 4;
  const end = offset + at + unitLength;
  if (end > source.size) {
    throw fail(`a unit of ${unitLength} bytes passes the end of the section, ${source.size}`);
  }
  const version = view.getUint16(at, little);
  at += 2;
  if (version < 2 || version > 5) throw fail(`DWARF ${version} is not known`, 'dwarf-version');
  const readOffset = (): number => {
    const value = offsetSize === 8 ? u64(at) : view.getUint32(at, little);
    at += offsetSize;
    return value;
  };
  let type: number = section === '.debug_types' ? UnitType.TYPE : UnitType.COMPILE;
  let addressSize: number;
  let abbreviations: number;
  if (version >= 5) {
    type = bytes[at];
    addressSize = bytes[at + 1];
    at += 2;
    abbreviations = readOffset();
  } else {
    abbreviations = readOffset();
    addressSize = bytes[at++];
  }
  if (type >= UnitType.SKELETON && type <= UnitType.SPLIT_TYPE) {
    const message = 'the unit is split: its entries are in a .dwo file, which is not read';
    throw fail(message, 'dwarf-split');
  }
  if (type < UnitType.COMPILE || type > UnitType.PARTIAL) {
    throw fail(`a unit of type ${type} is not known`);
  }
  if (addressSize !== 4 && addressSize !== 8) throw fail(`addresses of ${addressSize} bytes`);
  const ofType = type === UnitType.TYPE;
  const signature = ofType ? view.getBigUint64(at, little) : undefined;
  if (ofType) at += 8;
  const typeEntry = ofType ? readOffset() : undefined;
  if (offset + at > end) throw fail('a unit ends in its header');
  return {
    section,
    offset,
    end,
    type,
    version,
    addressSize,
    offsetSize,
    abbreviations,
    firstEntry: at,
    signature,
    typeEntry,
  };
}
