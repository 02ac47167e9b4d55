import type { Source } from '@btf-depot/bytes';
import { btfEndian, Kind, type Btf } from '@btf-depot/btf';
import { readElf, type Elf } from '@btf-depot/elf';
import { DepotError } from './errors.ts';
import { MAX_BLOB_SIZE } from './ports/blob-store.ts';
import { recognise, type FileKind } from './recognise.ts';

/** What a kernel file says before any of its types is looked at. */
export interface OpenedKernel {
  kind: FileKind;
  /** Absent: raw BTF, which knows no build ID. */
  buildId?: string;
  endian: 'little' | 'big';
  arch?: string;
  bits?: 32 | 64;
  release?: string;
  /** The kernel's own BTF; absent where it has none inside. */
  btf?: Uint8Array;
  /** Absent: raw BTF. */
  elf?: Elf;
}

/** @throws DepotError `unsupported-media`, `no-build-id`; FormatError for a malformed file. */
export function openKernel(source: Source): OpenedKernel {
  if (recognise(source) === 'btf') {
    const btf = readWhole(source);
    return { kind: 'btf', endian: btfEndian(btf) ?? 'little', btf };
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

const BANNER = /^Linux version (\S{1,128}) /;

/** The release in the kernel's banner, `Linux version RELEASE (builder) …`; init/version.c. */
function releaseOf(elf: Elf): string | undefined {
  const symbol = elf.symbol('linux_banner');
  const bytes = symbol && symbol.size <= 4096 ? elf.bytesOf(symbol) : undefined;
  return bytes && BANNER.exec(Buffer.from(bytes).toString('latin1'))?.[1];
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
