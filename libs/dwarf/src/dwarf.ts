import { FormatError, type Endian, type Source } from '@btf-depot/bytes';
import { ElfType, SectionFlag, type Elf } from '@btf-depot/elf';
import {
  AttributeLists,
  readAbbreviations,
  type AbbreviationTable,
} from './entries/abbreviations.ts';
import { AddressSpace } from './address-space.ts';
import { Budget } from './budget.ts';
import { At } from './constants.ts';
import { Entry } from './entries/entry.ts';
import { FormSizes } from './entries/forms.ts';
import { checkLimit, DWARF_LIMITS, type DwarfLimits } from './limits.ts';
import { DebugSections } from './sections.ts';
import type { Tables } from './tables.ts';
import { readUnitHeaders, type UnitHeader } from './unit-headers.ts';
import { unitFault, type Unit } from './unit.ts';

export interface ReadDwarfOptions {
  readonly limits?: Partial<DwarfLimits>;
}

/** Bytes of units read at once when visiting all. */
const WINDOW = 1024 * 1024;
/**
 * Added to the size of units and tables that limits the work, so that small files are not limited.
 */
const ANYWAY = 256 * 1024;
/** Abbreviations kept for units that share them or are read again. */
const ABBREVIATIONS_KEPT = 2 ** 18;
/** Bytes of units kept for references between units. */
const KEPT = 64 * 1024 * 1024;

/**
 * Opens the debug information of an ELF file; `source` is the file behind `elf`. Reads only the
 * units' headers and the strings. Throws FormatError `dwarf-none` without .debug_info,
 * `dwarf-relocatable` for ET_REL, `dwarf-unit`, `dwarf-version`, `dwarf-split`,
 * `dwarf-compression`, `dwarf-limit`, `elf-truncated`.
 */
export function readDwarf(elf: Elf, source: Source, options: ReadDwarfOptions = {}): Dwarf {
  const limits = { ...DWARF_LIMITS, ...options.limits };
  if (
    (elf.section('.rela.debug_info') ?? elf.section('.rel.debug_info')) &&
    elf.header.type === ElfType.REL
  ) {
    const message = 'a file that is not linked: its debug information waits for relocation';
    throw new FormatError('dwarf-relocatable', message, { section: '.debug_info' });
  }
  const sections = new DebugSections(elf, source, limits);
  if (!sections.has('.debug_info')) {
    if (!sections.has('.debug_info.dwo')) {
      throw new FormatError('dwarf-none', 'no .debug_info section');
    }
    throw new FormatError('dwarf-split', 'only .debug_info.dwo, which is not read');
  }
  const code = elf.sections.find(
    ({ flags }) => (flags & SectionFlag.ALLOC) !== 0 && (flags & SectionFlag.EXECINSTR) !== 0,
  );
  return new Dwarf(sections, elf.endian, new AddressSpace(code?.address ?? 0n), limits);
}

/** The debug information of a file. Made by `readDwarf`. */
export class Dwarf {
  /** Units of .debug_info, then of .debug_types. */
  readonly units: readonly UnitHeader[];
  readonly tables: Tables;
  readonly endian: Endian;
  readonly limits: DwarfLimits;
  readonly #sections: DebugSections;
  readonly #info: Source;
  readonly #types: Source;
  /** Number of each unit's first byte. */
  readonly #starts: Float64Array;
  readonly #kept = new Map<number, Unit>();
  #keptBytes = 0;
  /** The tables read last, the oldest first. */
  readonly #recent = new Map<string, AbbreviationTable>();
  #recentCount = 0;
  readonly #reads: Budget;
  readonly #passed: Budget;
  /** By kind of unit. */
  readonly #lists = new Map<string, AttributeLists>();
  readonly #root: Entry;

  constructor(sections: DebugSections, endian: Endian, space: AddressSpace, limits: DwarfLimits) {
    this.endian = endian;
    this.limits = limits;
    this.#sections = sections;
    this.#info = sections.source('.debug_info');
    this.#types = sections.source('.debug_types');
    const units = [
      ...readUnitHeaders(this.#info, '.debug_info', endian, limits),
      ...readUnitHeaders(this.#types, '.debug_types', endian, limits),
    ];
    const inInfo = (header: UnitHeader): boolean => header.section === '.debug_info';
    this.units = units;
    this.#starts = Float64Array.from(units, (header) =>
      inInfo(header) ? header.offset : this.#info.size + header.offset,
    );
    const signatures = new Map<bigint, number>();
    units.forEach(({ signature, typeEntry = 0 }, index) => {
      if (signature !== undefined) signatures.set(signature, this.#starts[index] + typeEntry);
    });
    this.tables = {
      strings: stringsOf(sections, '.debug_str', limits),
      lineStrings: stringsOf(sections, '.debug_line_str', limits),
      stringOffsets: sections.whole('.debug_str_offsets'),
      addresses: sections.whole('.debug_addr'),
      abbreviations: sections.whole('.debug_abbrev'),
      space,
      signatures,
    };
    this.#root = new Entry(this.tables);
    const tables = this.tables.abbreviations.length + ANYWAY;
    this.#reads = new Budget('abbreviations and attributes to read', tables * limits.tableReads);
    const bytes = this.#info.size + this.#types.size + ANYWAY;
    this.#passed = new Budget('bytes passed over in search of children', bytes * limits.passes);
  }

  /**
   * Calls `visit` with each unit from `first` up to `end`, in order; each is only valid during
   * its call. Holds 1 MiB of units at once, or one unit that is larger.
   */
  eachUnit(visit: (unit: Unit) => void, first = 0, end = this.units.length): void {
    const memory = new Uint8Array(WINDOW);
    for (let from = first; from < end;) {
      const { section, offset } = this.units[from];
      let to = from + 1;
      while (
        to < end &&
        this.units[to].section === section &&
        this.units[to].end - offset <= WINDOW
      ) {
        to++;
      }
      const length = this.units[to - 1].end - offset;
      const window = windowOf(this.#source(section), offset, length, memory);
      for (let index = from; index < to; index++) {
        const header = this.units[index];
        visit(this.#unit(index, window.subarray(header.offset - offset, header.end - offset)));
      }
      from = to;
    }
  }

  /** The unit with the entry of that number; usually `near`. Throws FormatError `dwarf-entry`. */
  unitOf(number: number, near?: Unit): Unit {
    if (near && number >= near.start && number < near.start + near.bytes.length) return near;
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] <= number) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    const header = this.units.at(Math.max(index, 0));
    const offset = number - this.#starts[index];
    if (header === undefined || !(offset >= header.firstEntry && offset < unitLength(header))) {
      throw new FormatError('dwarf-entry', 'a reference to what is in no unit', {
        section: '.debug_info',
        offset: number,
      });
    }
    return this.#kept.get(index) ?? this.#keep(index, header);
  }

  /** Another section of debug information, whole; empty if the file has none. */
  section(name: string): Uint8Array {
    return this.#sections.whole(name);
  }

  #keep(index: number, header: UnitHeader): Unit {
    const length = unitLength(header);
    if (this.#keptBytes + length > KEPT) {
      this.#kept.clear();
      this.#keptBytes = 0;
    }
    const unit = this.#unit(index, this.#source(header.section).read(header.offset, length));
    this.#kept.set(index, unit);
    this.#keptBytes += length;
    return unit;
  }

  #unit(index: number, bytes: Uint8Array): Unit {
    const header = this.units[index];
    const unit = {
      header,
      index,
      bytes,
      start: this.#starts[index],
      endian: this.endian,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      table: this.#tableOf(header),
      limits: this.limits,
      passed: this.#passed,
      language: 0,
      strOffsetsBase: -1,
      addressBase: -1,
      rangesBase: -1,
      locationsBase: -1,
      lowPc: 0,
    };
    const root = this.#root.read(unit, header.firstEntry);
    if (root.has(At.DWO_NAME) || root.has(At.GNU_DWO_NAME)) {
      const message = 'the unit is split: its entries are in a .dwo file, which is not read';
      throw unitFault(unit, header.firstEntry, message, 'dwarf-split');
    }
    unit.language = root.unsigned(At.LANGUAGE) ?? 0;
    unit.strOffsetsBase = root.sectionOffset(At.STR_OFFSETS_BASE) ?? -1;
    unit.addressBase = root.sectionOffset(At.ADDR_BASE) ?? -1;
    unit.rangesBase = root.sectionOffset(At.RNGLISTS_BASE) ?? -1;
    unit.locationsBase = root.sectionOffset(At.LOCLISTS_BASE) ?? -1;
    unit.lowPc = root.address(At.LOW_PC) ?? this.tables.space.of(0n);
    return unit;
  }

  /** Most tables belong to one unit; units that share one usually follow each other. */
  #tableOf(header: UnitHeader): AbbreviationTable {
    const { abbreviations, addressSize, offsetSize, version } = header;
    const kind = `${addressSize} ${offsetSize} ${version}`;
    const key = `${abbreviations} ${kind}`;
    const recent = this.#recent.get(key);
    if (recent) return recent;
    const lists =
      this.#lists.get(kind) ?? new AttributeLists(this.tables.abbreviations, new FormSizes(header));
    this.#lists.set(kind, lists);
    const table = readAbbreviations(lists, abbreviations, this.limits, this.#reads);
    for (const [oldest, { count }] of this.#recent) {
      if (this.#recentCount + table.count <= ABBREVIATIONS_KEPT) break;
      this.#recent.delete(oldest);
      this.#recentCount -= count;
    }
    this.#recent.set(key, table);
    this.#recentCount += table.count;
    return table;
  }

  #source(section: UnitHeader['section']): Source {
    return section === '.debug_info' ? this.#info : this.#types;
  }
}

/** Bytes of a source, in the given memory if it is large enough. */
function windowOf(source: Source, offset: number, length: number, memory: Uint8Array): Uint8Array {
  if (!source.readInto || length > memory.length) return source.read(offset, length);
  const window = memory.subarray(0, length);
  source.readInto(offset, window);
  return window;
}

function unitLength({ offset, end }: UnitHeader): number {
  return end - offset;
}

/** A section of strings. It must end with NUL, and no string may exceed the limit. */
function stringsOf(
  sections: DebugSections,
  name: string,
  { stringBytes }: Pick<DwarfLimits, 'stringBytes'>,
): Uint8Array {
  const bytes = sections.whole(name);
  if (bytes.length > 0 && bytes[bytes.length - 1] !== 0) {
    throw new FormatError('dwarf-unit', 'the last string has no end', { section: name });
  }
  for (let start = 0; start < bytes.length;) {
    // Of all strings that begin before here, only the last may end after it.
    const nul = bytes.lastIndexOf(0, start + stringBytes);
    if (nul < start) {
      const length = bytes.indexOf(0, start) - start;
      checkLimit('bytes of one string', length, stringBytes, { section: name, offset: start });
    }
    start = nul + 1;
  }
  return bytes;
}
