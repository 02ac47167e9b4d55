import { bytesSource, type Source } from '@btf-depot/bytes';
import { btfEndian, Kind, type Btf } from '@btf-depot/btf';
import { readElf, type Elf } from '@btf-depot/elf';
import { DepotError } from './errors.ts';
import { MAX_BLOB_SIZE } from './ports/blob-store.ts';
import { readImage, releaseIn } from '@btf-depot/unpack';
import { kindOf, recognise } from './recognise.ts';

/** What a kernel file says before any of its types is looked at. */
export interface OpenedKernel {
  kind: 'elf' | 'image' | 'btf';
  /** Absent: raw BTF, which knows no build ID. */
  buildId?: string;
  endian: 'little' | 'big';
  arch?: string;
  bits?: 32 | 64;
  release?: string;
  /** The kernel's own BTF; absent where it has none inside. */
  btf?: Uint8Array;
  /** Absent: raw BTF, an image without ELF headers. */
  elf?: Elf;
}

/** @throws DepotError `no-build-id`, `too-large`; FormatError for a malformed file. */
export function openKernel(source: Source): OpenedKernel {
  const kind = kindOf(source);
  if (kind === 'btf') return openBtf(readWhole(source));
  const image = kind ? undefined : readImage(source);
  if (image) {
    const { btf, ...says } = image;
    return { kind: 'image', ...says, btf: source.read(btf.offset, btf.length) };
  }
  const elf = readElf(source);
  const section = elf.section('.BTF');
  const release = releaseOf(elf);
  return {
    kind: 'elf',
    buildId: buildIdOf(elf),
    endian: elf.endian,
    arch: elf.arch,
    bits: elf.class,
    ...(release !== undefined && { release }),
    ...(section && { btf: elf.bytes(section) }),
    elf,
  };
}

/** BTF that stands for its kernel. */
export function openBtf(btf: Uint8Array): OpenedKernel {
  return { kind: 'btf', endian: btfEndian(btf) ?? 'little', btf };
}

/** @throws DepotError `no-build-id`. */
export function buildIdOf(elf: Elf): string {
  const buildId = elf.buildId();
  if (buildId === undefined) {
    throw new DepotError('no-build-id', 'the ELF file has no GNU build ID note');
  }
  return buildId;
}

/** BTF by itself, or the `.BTF` section of an ELF file. */
export function readBtfFile(source: Source): Uint8Array {
  if (recognise(source) === 'btf') return readWhole(source);
  const elf = readElf(source);
  const section = elf.section('.BTF');
  if (!section) throw new DepotError('no-btf', 'the ELF file has no .BTF section');
  return elf.bytes(section);
}

function readWhole(source: Source): Uint8Array {
  if (source.size > MAX_BLOB_SIZE) {
    throw new DepotError(
      'too-large',
      `${source.size} bytes of BTF, ${MAX_BLOB_SIZE} are the limit`,
    );
  }
  return source.read(0, source.size);
}

/** The release in the kernel's banner, `Linux version RELEASE (builder) …`; init/version.c. */
function releaseOf(elf: Elf): string | undefined {
  const symbol = elf.symbol('linux_banner');
  const bytes = symbol && symbol.size <= 4096 ? elf.bytesOf(symbol) : undefined;
  if (bytes) return releaseIn(bytesSource(bytes));
  // A vmlinux out of a vmlinuz has no symbols.
  const constants = elf.section('.rodata');
  return constants && releaseIn(bytesSource(elf.bytes(constants)));
}

/** Width of a pointer by the size of `long`, which the kernel's ABIs tie together. */
export function bitsOf(btf: Btf): 32 | 64 | undefined {
  for (const name of ['long unsigned int', 'unsigned long', 'long int', 'long']) {
    const id = btf.find(name, Kind.INT);
    const size = id === undefined ? 0 : btf.sizeOrType(id);
    if (size === 4 || size === 8) return size === 4 ? 32 : 64;
  }
  return undefined;
}
