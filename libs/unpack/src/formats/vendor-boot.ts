import { ByteReader, FormatError } from '@btf-depot/bytes';
import { hasText, type ImageFormat } from '../format.ts';
import { checkedPart } from '../images/payload.ts';

const NEWEST = 4;

/**
 * Android's vendor_boot.img, header versions 3 and 4 (source.android.com, "Vendor boot image
 * header"). It has no kernel, but ramdisks with modules for the kernel of boot.img.
 */
export const vendorBoot: ImageFormat = {
  kind: 'image',
  name: 'vendorboot',
  fileName: /(^|[-_])vendor_boot([-_.].*)?\.img$/,
  begins: (head) => hasText(head, 0, 'VNDRBOOT'),
  pieces(source) {
    const header = new ByteReader(source.read(0, Math.min(source.size, 2112)), 'little', {
      section: 'vendor_boot.img',
      code: 'vendorboot-truncated',
    });
    header.seek(8);
    const version = header.u32();
    if (version < 3 || version > NEWEST) {
      const message = `header version ${version}, versions 3 to ${NEWEST} are known`;
      throw new FormatError('vendorboot-version', message, { section: 'vendor_boot.img' });
    }
    const page = header.u32();
    header.seek(24);
    const length = header.u32();
    header.seek(2096);
    const size = header.u32();
    if (page < 512 || page > 2 ** 20 || (page & (page - 1)) !== 0) {
      throw new FormatError('vendorboot-corrupt', `pages of ${page} bytes`, {
        section: 'vendor_boot.img',
      });
    }
    const offset = Math.ceil(size / page) * page;
    const part = checkedPart('vendorboot', source, { offset, length });
    return [{ ...part, name: 'ramdisk', kind: 'initramfs' }];
  },
};
