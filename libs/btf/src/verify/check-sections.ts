import { isSince, type KernelVersion } from '../kernel-version.ts';
import { KERNEL_LIMITS } from '../limits.ts';
import type { Btf } from '../wire/btf.ts';
import { LONG_HEADER } from '../wire/header.ts';
import type { Faults } from './faults.ts';

/**
 * Checks of the header and the sections' ranges, beyond the reader's own. Source: kernel/bpf/btf.c,
 * btf_parse_hdr, btf_check_sec_info, btf_parse_str_sec, btf_parse_type_sec.
 */
export function checkSections(btf: Btf, kernel: KernelVersion, faults: Faults): void {
  const { header, bytes, base } = btf;
  const { typeOffset, typeLength, stringOffset, stringLength } = header;
  const body = bytes.length - header.length;
  if (header.flags !== 0) faults.whole('header', 'Unsupported flags', 3);
  if (bytes.length > KERNEL_LIMITS.bytes) {
    faults.whole('size', `${bytes.length} bytes, limit ${KERNEL_LIMITS.bytes}`, 0);
  }
  const hasLayouts = header.layoutOffset !== 0 || header.layoutLength !== 0;
  if (hasLayouts && !isSince(kernel, '7.1')) {
    faults.whole('header', 'Unsupported btf_header: layout section', LONG_HEADER - 8);
  }
  const sections = [
    [typeOffset, typeLength],
    [stringOffset, stringLength],
    ...(hasLayouts ? [[header.layoutOffset, header.layoutLength]] : []),
  ].sort(([a, aLength], [b, bLength]) => a - b || aLength - bLength);
  let total = 0;
  for (const [offset, length] of sections) {
    if (offset > total) faults.whole('sections', 'Unsupported section found', 8);
    if (offset < total) faults.whole('sections', 'Section overlap found', 8);
    total = offset + length;
  }
  if (total !== body) faults.whole('sections', 'Unsupported section found', 8);
  if (stringOffset + stringLength !== body) {
    faults.whole('sections', 'String section is not at the end', 16);
  }
  if (stringLength > 0 && stringLength - 1 > KERNEL_LIMITS.nameOffset) {
    faults.whole('strings', 'Invalid string section', 20);
  }
  if (typeOffset % 4 !== 0) faults.whole('sections', 'Unaligned type_off', 8);
  if (base === undefined && typeLength === 0) faults.whole('sections', 'No type found', 12);
  if (btf.endId - 1 > KERNEL_LIMITS.typeId) {
    faults.whole('size', 'Exceeded max num of types', 12);
  }
}
