import { createHash } from 'node:crypto';
import type { Elf } from '@btf-depot/elf';

/**
 * What a kernel itself says of the one module that may bring it a kind of BTF: the module's name,
 * and size and SHA-256 of the BTF. Newest kernels have it in a section of vmlinux, such as
 * `.BTF.inline.link`. Plain data, to be kept.
 */
export interface LinkRecord {
  readonly section: string;
  /** Contents, lowercase hexadecimal. */
  readonly content: string;
}

/** Far above a name, a size and a hash; a longer section is none of this kind. */
const CONTENT_LIMIT = 4096;

/** The link records of a vmlinux. */
export function readLinkRecords(kernel: Elf): LinkRecord[] {
  return kernel.sections
    .filter(({ name, size }) => /^\.BTF\.\w+\.link$/.test(name) && size <= CONTENT_LIMIT)
    .map((section) => ({
      section: section.name,
      content: Buffer.from(kernel.bytes(section)).toString('hex'),
    }));
}

/**
 * Whether a module of that name may bring `data` to a kernel with these records. A kernel takes a
 * module whose name a record has for its linked carrier, and refuses other bytes in it; so such a
 * name is for nothing but the bytes whose SHA-256 the same record has.
 *
 * The record is searched for name and hash instead of being read at fixed offsets: its layout is
 * not settled upstream, and 32 bytes of SHA-256 stand nowhere by chance.
 */
export function mayCarry(
  records: readonly LinkRecord[],
  name: string,
  data: Uint8Array | undefined,
): boolean {
  const claims = records.filter(({ content }) => namesModule(content, name));
  if (claims.length === 0) return true;
  if (!data) return false;
  const hash = createHash('sha256').update(data).digest();
  return claims.every(({ content }) => Buffer.from(content, 'hex').includes(hash));
}

/**
 * Whether a kernel with these records names the module as the one that brings BTF with this
 * SHA-256, lowercase hexadecimal.
 */
export function isLinkedCarrier(
  records: readonly LinkRecord[],
  name: string,
  sha256: string,
): boolean {
  const hash = Buffer.from(sha256, 'hex');
  return records.some(
    ({ content }) => namesModule(content, name) && Buffer.from(content, 'hex').includes(hash),
  );
}

/** With or without `.ko`, as a whole word: `btf_vmlinux` is not `btf_vmlinux_inline`. */
function namesModule(content: string, name: string): boolean {
  const text = Buffer.from(content, 'hex').toString('latin1');
  const words = text.match(/[A-Za-z0-9_.-]+/g) ?? [];
  return words.some((word) => word.replace(/\.ko$/, '').replaceAll('-', '_') === name);
}
