import { ByteReader } from '@btf-depot/bytes';
import { hasText, type ImageFormat } from '../format.ts';
import { payloadAt, wordAt } from '../images/payload.ts';

/**
 * EFI zboot images of arm64, riscv and loongarch, drivers/firmware/efi/libstub/zboot-header.S.
 * Except for gzip, the build appends the unpacked size to the payload (ZBOOT_SIZE_LEN,
 * Makefile.zboot).
 */
export const zboot: ImageFormat = {
  kind: 'image',
  name: 'zboot',
  codes: 'image',
  begins: (head) => hasText(head, 0, 'MZ') && hasText(head, 4, 'zimg'),
  pieces(source) {
    const head = new ByteReader(source.read(0, Math.min(source.size, 64)), 'little', {
      section: 'zboot header',
      code: 'image-truncated',
    });
    head.seek(8);
    const offset = head.u32();
    const part = payloadAt(source, offset, head.u32());
    const end = part.offset + part.length;
    const size = wordAt(source, part.compression === 'gzip' ? end - 4 : end);
    return [{ ...part, name: 'payload', kind: 'kernel', size }];
  },
};
