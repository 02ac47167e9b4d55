import { encoderInit, LZMA_CHECK_CRC32, processStream, WasmLzmaStream } from 'node-liblzma/wasm';
import { liblzma } from './liblzma.ts';

/** LZMA_PRESET_EXTREME. */
const EXTREME = 0x8000_0000;

export interface XzOptions {
  /** Preset 0 (fast) to 9; all of them extreme, for the smallest output. */
  readonly level?: number;
}

/**
 * Preset 6 has a dictionary of 8 MiB, more than a kernel's BTF; with preset 9 every device would
 * allocate 64 MiB to unpack the same bytes.
 */
export const XZ_DEFAULTS = { level: 6 } as const satisfies XzOptions;

/**
 * One .xz stream that kernels and kmod unpack: LZMA2 alone, CRC32 (lib/xz of Linux knows no other
 * filters and checks for data). The same bytes for the same input: no threads, no time. Throws
 * RangeError for a level outside 0–9.
 */
export async function xz(bytes: Uint8Array, options: XzOptions = {}): Promise<Uint8Array> {
  const { level = XZ_DEFAULTS.level } = options;
  if (!(level >= 0 && level <= 9)) throw new RangeError(`xz has no preset ${level}`);
  const stream = new WasmLzmaStream(await liblzma());
  encoderInit(stream, (level | EXTREME) >>> 0, LZMA_CHECK_CRC32);
  return processStream(stream, bytes);
}
