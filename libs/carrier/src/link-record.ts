import { createHash } from 'node:crypto';
import { FormatError, type Endian } from '@btf-depot/bytes';
import type { Elf, ElfSection } from '@btf-depot/elf';

// Read in the source of resolve_btfids and of kernel/bpf/btf.c (bpf-next, October 2026):
//
//   struct { char module_name[64 - sizeof(long)]; u8 sha256[32]; u32 size; }
//
// in the byte order of the kernel, in a section named like the one that it stands for, with `.link`
// behind. The kernel demands this size, and zeroes behind the name.

const HASH = 32;
const NAME = { 32: 60, 64: 56 } as const;
const SIZE = { 32: NAME[32] + HASH + 4, 64: NAME[64] + HASH + 4 } as const;

const LINK = '.link';

/**
 * What a kernel itself says of the one module that may bring it a section of BTF. Plain data, to be
 * kept.
 */
export interface LinkRecord {
  /** `.BTF.link`, `.BTF.inline.link`. */
  readonly section: string;
  /** Contents, lowercase hexadecimal. */
  readonly content: string;
  /** Byte order of the contents; records of version 0.1 lack it. */
  readonly endian?: Endian | undefined;
}

/** The BTF that a module brings. */
export interface LinkedBtf {
  /** Lowercase hexadecimal. */
  readonly sha256: string;
  readonly size: number;
}

/** What a link record says. */
interface Claim {
  readonly module: string;
  readonly sha256: string;
  /** Unknown without the byte order. */
  readonly size: number | undefined;
}

/**
 * The link records of a vmlinux. Throws FormatError, with section and offset, for what a kernel
 * would not take: `link-size`, `link-name`, `link-padding`.
 */
export function readLinkRecords(kernel: Elf): LinkRecord[] {
  const names = new Set(
    kernel.sections.map(({ name }) => name).filter((name) => /^\.BTF(\.\w+)?\.link$/.test(name)),
  );
  return [...names].flatMap((name) => {
    const section = kernel.filled(name);
    return section ? [readLink(kernel, section)] : [];
  });
}

function readLink(kernel: Elf, found: ElfSection): LinkRecord {
  const { name: section, size: length } = found;
  const wanted = SIZE[kernel.class];
  if (length !== wanted) {
    const message = `a link record of ${length} bytes; one of ${kernel.class} bits has ${wanted}`;
    throw new FormatError('link-size', message, { section, offset: 0 });
  }
  const bytes = Buffer.from(kernel.bytes(found));
  const nameLength = NAME[kernel.class];
  const end = bytes.indexOf(0);
  const module = bytes.toString('latin1', 0, end === -1 ? 0 : end);
  if (end >= nameLength || !/^[\w.-]+$/.test(module)) {
    const message = 'the name in the link record is no name of a module';
    throw new FormatError('link-name', message, { section, offset: 0 });
  }
  const stray = bytes.subarray(end, nameLength).findIndex((byte) => byte !== 0);
  if (stray !== -1) {
    const message = 'a byte behind the name in the link record is not zero';
    throw new FormatError('link-padding', message, { section, offset: end + stray });
  }
  return { section, content: bytes.toString('hex'), endian: kernel.endian };
}

/** What the kernel says of the module that brings a section; undefined: it says nothing. */
export function linkFor(records: readonly LinkRecord[], section: string): Claim | undefined {
  const record = records.find((one) => one.section === `${section}${LINK}`);
  return record && claimOf(record);
}

/**
 * Whether a module of that name may bring `data` to a kernel with these records. A kernel takes a
 * module whose name a record has for its linked carrier, and refuses other bytes in it; so such a
 * name is for nothing but the bytes that the same record names.
 */
export function mayCarry(
  records: readonly LinkRecord[],
  name: string,
  data: Uint8Array | undefined,
): boolean {
  const claims = claimsOn(records, name);
  if (claims.length === 0) return true;
  if (!data) return false;
  const sha256 = createHash('sha256').update(data).digest('hex');
  return claims.every((claim) => isOf(claim, { sha256, size: data.length }));
}

/** Whether a kernel with these records names the module as the one that brings the section. */
export function isLinkedCarrier(
  records: readonly LinkRecord[],
  { module, section }: { module: string; section: string },
  btf: LinkedBtf,
): boolean {
  const link = linkFor(records, section);
  return link?.module === module && isOf(link, btf);
}

function claimsOn(records: readonly LinkRecord[], name: string): Claim[] {
  return records.flatMap((record) => {
    const claim = claimOf(record);
    return claim?.module === name ? [claim] : [];
  });
}

function isOf(claim: Claim, { sha256, size }: LinkedBtf): boolean {
  return claim.sha256 === sha256 && (claim.size ?? size) === size;
}

/** Undefined for contents of another length, which version 0.1 kept. */
function claimOf({ content, endian }: LinkRecord): Claim | undefined {
  const bytes = Buffer.from(content, 'hex');
  const bits = ([32, 64] as const).find((one) => SIZE[one] === bytes.length);
  if (bits === undefined) return undefined;
  const at = NAME[bits] + HASH;
  const sizes = { little: bytes.readUInt32LE(at), big: bytes.readUInt32BE(at) };
  return {
    module: bytes.toString('latin1', 0, NAME[bits]).replace(/\0[^]*$/, ''),
    sha256: bytes.toString('hex', NAME[bits], at),
    size: endian && sizes[endian],
  };
}
