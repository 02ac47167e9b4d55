import type { Source } from '@btf-depot/bytes';
import { DepotError } from '../errors.ts';

export type FileKind = 'elf' | 'btf';

const ELF_MAGIC = 0x7f454c46;
const BTF_MAGIC = 0xeb9f;
const BTF_MAGIC_SWAPPED = 0x9feb;

/** The kind of a file by its first bytes, if known. */
export function kindOf(source: Source): FileKind | undefined {
  const view = new DataView(headOf(source).buffer);
  if (view.getUint32(0) === ELF_MAGIC) return 'elf';
  const magic = view.getUint16(0);
  return magic === BTF_MAGIC || magic === BTF_MAGIC_SWAPPED ? 'btf' : undefined;
}

/**
 * The kind of a file, by its first bytes. Packages, images and archives must be unpacked first.
 *
 * @throws DepotError `unsupported-media`.
 */
export function recognise(source: Source): FileKind {
  const kind = kindOf(source);
  if (kind) return kind;
  const head = headOf(source);
  const shown = [...head.subarray(0, Math.min(4, source.size))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ');
  throw new DepotError(
    'unsupported-media',
    `the file is neither ELF nor BTF: ${source.size} bytes that begin with ${shown || 'nothing'}`,
  );
}

function headOf(source: Source): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(4);
  head.set(source.read(0, Math.min(4, source.size)));
  return head;
}
