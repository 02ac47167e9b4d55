import { createHash } from 'node:crypto';
import type { Elf } from '@btf-depot/elf';

/**
 * A kernel's own record of the one module that may bring it a kind of BTF: the module's name, and
 * size and SHA-256 of the BTF. Newest kernels have it in a section of vmlinux, such as
 * `.BTF.inline.link`. Plain data, which is stored.
 */
export interface LinkRecord {
  readonly section: string;
  /** Contents, lowercase hexadecimal. */
  readonly content: string;
}

/** Far above a name, a size and a hash; a longer section is no such record. */
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
 * module with the name in a record for its linked carrier, and refuses other bytes in it. So such a
 * name is only for the bytes whose SHA-256 is in the same record.
 *
 * The record is searched for name and hash, not read at fixed offsets: upstream has not settled its
 * layout, and 32 bytes of SHA-256 do not occur by chance.
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
 * Whether a kernel with these records names the module as the bringer of BTF with this SHA-256,
 * lowercase hexadecimal.
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
