import { FormatError } from '@btf-depot/bytes';
import type { KernelSymbol } from './kernel-symbols.ts';

export interface SystemMapLimits {
  /** A kernel has some 200,000. */
  readonly symbols: number;
}

const SYSTEM_MAP_LIMITS = { symbols: 4_000_000 } as const satisfies SystemMapLimits;

/**
 * nm(1): address, size with `-S`, type, name; kallsyms adds the module. Types say little: `.data`
 * of Linux 7.2 is executable, so nm calls its variables text.
 */
const LINE = /^([0-9a-f]{8,16}) (?:([0-9a-f]{8,16}) )?([A-Za-z?]) ([^\s[\]]+)(\s+\[[^\s[\]]+\])?$/;

const SECTION = { section: 'System.map' };

/**
 * The symbols of a System.map, which is nm's output for a vmlinux, or of /proc/kallsyms; symbols of
 * modules are skipped. Throws FormatError `symbols-line` for a line that nm does not write,
 * `symbols-hidden` for kallsyms read without permission to see addresses, `symbols-limit`.
 */
export function readSystemMap(
  bytes: Uint8Array,
  limits: Partial<SystemMapLimits> = {},
): KernelSymbol[] {
  const { symbols: limit } = { ...SYSTEM_MAP_LIMITS, ...limits };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const found: KernelSymbol[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const [, address, size, type, name, module] = LINE.exec(text.slice(start, end)) ?? [];
    if (address === undefined || type === undefined || name === undefined) {
      const message = 'a line that is no address, type and name';
      throw new FormatError('symbols-line', message, { ...SECTION, offset: start });
    }
    start = end + 1;
    if (module !== undefined || type === 'U') continue;
    if (found.length === limit)
      throw new FormatError('symbols-limit', `more than ${limit} symbols`);
    const bytes = size === undefined ? 0 : Number.parseInt(size, 16);
    found.push({ name, address: BigInt(`0x${address}`), size: bytes });
  }
  if (found.length > 0 && found.every(({ address }) => address === 0n)) {
    throw new FormatError('symbols-hidden', 'all addresses are 0: read it as root', SECTION);
  }
  return found;
}

/** Names that fit into a line: those of variables and functions, and nearly all others. */
const WRITTEN = /^[\x21-\x5a\x5c\x5e-\x7e]+$/;

const WIDEST = (1n << 64n) - 1n;

/**
 * The symbols as `nm -S` prints them, all of type D; `readSystemMap` reads it back. Symbols whose
 * names have spaces or brackets (`.L0 ` of RISC-V) are left out, and all symbols if none has an
 * address.
 */
export function writeSystemMap(symbols: readonly KernelSymbol[]): Uint8Array {
  const hex = (value: bigint): string => value.toString(16).padStart(16, '0');
  const written = symbols.filter(({ name }) => WRITTEN.test(name));
  if (written.every(({ address }) => address === 0n)) return new Uint8Array();
  const lines = written.map(({ name, address, size }) => {
    const bytes = BigInt(size);
    return `${hex(address)} ${hex(bytes > WIDEST ? WIDEST : bytes)} D ${name}\n`;
  });
  return Buffer.from(lines.join(''), 'latin1');
}
