import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import { hasText, type ImageFormat, type Part } from '../format.ts';
import { checkedPart } from '../images/payload.ts';

/** The newest header with a description. */
const NEWEST = 4;

/**
 * Before headers had versions, vendors put the size of a device tree here: no version is as large
 * as the smallest tree.
 */
const NO_VERSION = 256;

/** The page size of versions 3 and 4, which do not state it. */
const PAGE = 4096;

/**
 * Android's boot.img, header versions 0 to 4 (source.android.com, "Boot image header"): the kernel
 * follows the header's page, and is padded to a page.
 */
export const bootimg: ImageFormat = {
  kind: 'image',
  name: 'bootimg',
  fileName: /(^|[-_])(boot|recovery)([-_.].*)?\.img$/,
  begins: (head) => hasText(head, 0, 'ANDROID!'),
  pieces(source, tools) {
    const kernel = kernelOf(source);
    if (kernel.length > 0) {
      return [{ ...checkedPart('bootimg', source, kernel), name: 'kernel', kind: 'kernel' }];
    }
    tools.passOver('no-kernel', 'the boot image has a ramdisk and no kernel');
    return [];
  },
};

function kernelOf(source: Source): Part {
  const header = new ByteReader(source.read(0, Math.min(source.size, 48)), 'little', {
    section: 'boot.img',
    code: 'bootimg-truncated',
  });
  header.seek(8);
  const length = header.u32();
  header.seek(36);
  const page = header.u32();
  const version = header.u32();
  if (version > NEWEST && version < NO_VERSION) {
    const message = `header version ${version}, versions 0 to ${NEWEST} are known`;
    throw new FormatError('bootimg-version', message, { section: 'boot.img', offset: 40 });
  }
  if (version === 3 || version === 4) return { offset: PAGE, length };
  if (page < 512 || page > 2 ** 20 || (page & (page - 1)) !== 0) {
    throw new FormatError('bootimg-corrupt', `pages of ${page} bytes`, { section: 'boot.img' });
  }
  return { offset: page, length };
}
