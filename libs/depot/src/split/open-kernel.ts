import { bytesSource, type Source } from '@btf-depot/bytes';
import { btfEndian, Kind, type Btf } from '@btf-depot/btf';
import { readElf, SectionType, type Elf } from '@btf-depot/elf';
import { DepotError } from '../errors.ts';
import { MAX_BLOB_SIZE } from '../ports/blob-store.ts';
import { readBanner, readImage, type Banner } from '@btf-depot/unpack';
import { kindOf, recognise } from './file-kind.ts';

/** Facts of a kernel file that need no types. */
export interface OpenedKernel {
  kind: 'elf' | 'image' | 'btf';
  /** Absent: raw BTF, or a kernel that was built or stripped without its note. */
  buildId?: string | undefined;
  endian: 'little' | 'big';
  arch?: string | undefined;
  bits?: 32 | 64;
  release?: string | undefined;
  /** From its banner, in the form of os-release(5)'s ID. */
  distribution?: string | undefined;
  /** The kernel's own BTF; absent if it has none inside. */
  btf?: Uint8Array | undefined;
  /** Absent: raw BTF, an image without ELF headers. */
  elf?: Elf;
  /** An image without ELF headers, as in memory. */
  raw?: Source;
}

/** @throws DepotError `too-large`; FormatError for a malformed file. */
export function openKernel(source: Source): OpenedKernel {
  const kind = kindOf(source);
  if (kind === 'btf') return openBtf(readWhole(source));
  const image = kind ? undefined : readImage(source);
  if (image) {
    const { btf, ...says } = image;
    return { kind: 'image', ...says, btf: source.read(btf.offset, btf.length), raw: source };
  }
  const elf = readElf(source);
  const section = elf.filled('.BTF');
  if (section && elf.filled('.BTF.base')) {
    throw new DepotError(
      'bad-btf',
      'its .BTF has the .BTF.base beside it as base, so the file is a module, not a kernel',
    );
  }
  if (section && isBareBtf(elf)) return openBtf(elf.bytes(section));
  const banner = bannerOf(elf);
  const buildId = elf.buildId();
  return {
    kind: 'elf',
    buildId,
    endian: elf.endian,
    arch: elf.arch,
    bits: elf.class,
    release: banner?.release,
    distribution: banner?.distribution,
    btf: section && elf.bytes(section),
    elf,
  };
}

/** BTF in place of its kernel. */
export function openBtf(btf: Uint8Array): OpenedKernel {
  return { kind: 'btf', endian: btfEndian(btf) ?? 'little', btf };
}

/** Sections of a wrapper of BTF: the BTF, and names of sections and symbols. */
const WRAPPER = new Set<number>([SectionType.NULL, SectionType.SYMTAB, SectionType.STRTAB]);

/**
 * Whether an ELF file is not a kernel but a wrapper of its BTF, as in archives of BTF: `pahole -J`
 * into an empty file, `objcopy -I binary`. Its header is that of the wrapping machine.
 */
export function isBareBtf(elf: Elf): boolean {
  return (
    elf.filled('.BTF') !== undefined &&
    elf.sections.every(
      ({ name, type, size }) => size === 0 || WRAPPER.has(type) || /^\.BTF(\.|$)/.test(name),
    )
  );
}

/** Raw BTF, or the `.BTF` section of an ELF file. */
export function readBtfFile(source: Source): Uint8Array {
  if (recognise(source) === 'btf') return readWhole(source);
  const elf = readElf(source);
  const section = elf.filled('.BTF');
  if (!section) throw new DepotError('no-btf', 'the ELF file has no .BTF section');
  return elf.bytes(section);
}

function readWhole(source: Source): Uint8Array {
  if (source.size > MAX_BLOB_SIZE) {
    throw new DepotError(
      'too-large',
      `the BTF has ${source.size} bytes; the limit is ${MAX_BLOB_SIZE}`,
    );
  }
  return source.read(0, source.size);
}

/** The kernel's banner, `Linux version RELEASE (builder) …`; init/version.c. */
export function bannerOf(elf: Elf): Banner | undefined {
  const symbol = elf.symbol('linux_banner');
  const bytes = symbol && symbol.size <= 4096 ? elf.bytesOf(symbol) : undefined;
  if (bytes) return readBanner(bytesSource(bytes));
  // A vmlinux from a vmlinuz has no symbols.
  const constants = elf.section('.rodata');
  return constants && readBanner(bytesSource(elf.bytes(constants)));
}

/** Width of a pointer, by the size of `long`: both are equal in the kernel's ABIs. */
export function bitsOf(btf: Btf): 32 | 64 | undefined {
  for (const name of ['long unsigned int', 'unsigned long', 'long int', 'long']) {
    const id = btf.find(name, Kind.INT);
    const size = id === undefined ? 0 : btf.sizeOrType(id);
    if (size === 4 || size === 8) return size === 4 ? 32 : 64;
  }
  return undefined;
}
