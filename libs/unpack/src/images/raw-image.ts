import { ByteReader, type Endian, type Source } from '@btf-depot/bytes';
import { buildIdOf, readNotes } from '@btf-depot/elf';
import { distributionOfBanner } from '../packages/distribution.ts';
import { findAll } from './find-all.ts';

/** A kernel as in memory, without ELF headers: arm64's and RISC-V's Image. */
export interface RawImage {
  readonly endian: Endian;
  /** If the image states it. */
  readonly arch?: string | undefined;
  readonly buildId?: string | undefined;
  readonly release?: string | undefined;
  /** From its banner. */
  readonly distribution?: string | undefined;
  /** Range of its BTF, in bytes. */
  readonly btf: { readonly offset: number; readonly length: number };
}

/** A kernel's BTF follows its notes directly (include/asm-generic/vmlinux.lds.h). */
const NOTES = 4096;
const GNU_NOTE = Buffer.from('GNU\0', 'latin1');
const BANNER = Buffer.from('Linux version ', 'latin1');

/**
 * Finds the BTF of a raw image by its header, the build ID in the notes right before it (a vDSO
 * inside has a build ID too), and the release in its banner.
 * @returns undefined if there is no BTF.
 */
export function readImage(source: Source): RawImage | undefined {
  const found = findBtf(source);
  if (!found) return undefined;
  const { endian, offset, length } = found;
  const arch = archOf(source);
  const buildId = buildIdBefore(source, offset, endian);
  const banner = readBanner(source);
  return {
    endian,
    arch,
    buildId,
    release: banner?.release,
    distribution: banner?.distribution,
    btf: { offset, length },
  };
}

/** Most bytes of BTF; the header's fields are those of Documentation/bpf/btf.rst. */
function findBtf(source: Source) {
  let best: { offset: number; length: number; endian: Endian } | undefined;
  for (const endian of ['little', 'big'] as const) {
    const magic = endian === 'little' ? [0x9f, 0xeb, 1, 0] : [0xeb, 0x9f, 1, 0];
    for (const offset of findAll(source, Buffer.from(magic))) {
      const length = btfLength(source, offset, endian);
      if (length !== undefined && length > (best?.length ?? 0)) best = { offset, length, endian };
    }
  }
  return best;
}

/** Bytes of the BTF that begins here, if any. */
function btfLength(source: Source, offset: number, endian: Endian): number | undefined {
  if (offset + 32 > source.size) return undefined;
  const header = new ByteReader(source.read(offset, 24), endian);
  header.skip(4);
  const headerSize = header.u32();
  const types = { offset: header.u32(), length: header.u32() };
  const strings = { offset: header.u32(), length: header.u32() };
  const isHeader = headerSize >= 24 && headerSize <= 64 && headerSize % 4 === 0;
  const isLaidOut = types.offset === 0 && strings.offset >= types.length && types.length % 4 === 0;
  const length = headerSize + strings.offset + strings.length;
  if (!isHeader || !isLaidOut || types.length === 0 || strings.length === 0) return undefined;
  if (offset + length > source.size) return undefined;
  const [first] = source.read(offset + headerSize + strings.offset, 1);
  const [last] = source.read(offset + length - 1, 1);
  return first === 0 && last === 0 ? length : undefined;
}

function buildIdBefore(source: Source, end: number, endian: Endian): string | undefined {
  const start = Math.max(0, end - NOTES);
  const bytes = Buffer.from(source.read(start, end - start));
  for (let at = bytes.length; (at = bytes.lastIndexOf(GNU_NOTE, at - 1)) >= 12;) {
    const header = new ByteReader(bytes.subarray(at - 12, at), endian);
    const [owner, size, type] = [header.u32(), header.u32(), header.u32()];
    if (owner !== 4 || type !== 3 || size === 0 || size > 64) continue;
    if (at + 4 + size > bytes.length) continue;
    return buildIdOf(readNotes(bytes.subarray(at - 12, at + 4 + size), endian));
  }
  return undefined;
}

/** Fields of the kernel's banner, `Linux version RELEASE (builder) …`; init/version.c. */
export interface Banner {
  readonly release: string;
  /** In the form of os-release(5)'s ID. */
  readonly distribution?: string | undefined;
}

/** Most bytes of a banner: `linux_banner` has some 300 in distributions' kernels. */
const BANNER_LIMIT = 1024;

export function readBanner(source: Source): Banner | undefined {
  for (const at of findAll(source, BANNER)) {
    const bytes = source.read(at, Math.min(BANNER_LIMIT, source.size - at));
    const [line = ''] = Buffer.from(bytes)
      .toString('latin1')
      .split(/[\n\0]/, 1);
    const release = /^Linux version ([\x21-\x7e]{1,128}) \(/.exec(line)?.[1];
    if (release !== undefined) return { release, distribution: distributionOfBanner(line) };
  }
  return undefined;
}

/** The release in the kernel's banner. */
export function releaseIn(source: Source): string | undefined {
  return readBanner(source)?.release;
}

/** Magics at offset 56: Documentation/arch/arm64/booting.rst, arch/riscv/boot-image-header.rst. */
function archOf(source: Source): string | undefined {
  if (source.size < 64) return undefined;
  const magic = Buffer.from(source.read(56, 4)).toString('latin1');
  return { 'ARM\x64': 'aarch64', 'RSC\x05': 'riscv64' }[magic];
}
