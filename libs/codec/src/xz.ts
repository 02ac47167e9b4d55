import { check, preset, xzSync } from 'node-liblzma';

/**
 * Preset 6 has a dictionary of 8 MiB, more than a kernel's BTF; preset 9 would have every device
 * set 64 MiB aside to unpack the same bytes. Extreme: the smallest that it gives.
 */
const PRESET = 6 | preset.EXTREME;

/**
 * One .xz stream that kernels and kmod unpack: LZMA2 alone, CRC32 (lib/xz of Linux knows no other
 * filters and checks for data). The same bytes for the same input: no threads, no time.
 */
export function xz(bytes: Uint8Array): Uint8Array {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return xzSync(input, { preset: PRESET, check: check.CRC32 });
}
