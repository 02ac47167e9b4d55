import { ByteWriter, type Endian } from '@btf-depot/bytes';
import type { AddressForm } from '../kallsyms/address-table.ts';

/** A symbol as nm prints it. */
export interface MapLine {
  readonly address: bigint;
  readonly type: string;
  readonly name: string;
}

export interface KallsymsShape {
  readonly form: AddressForm;
  readonly endian: Endian;
  readonly bits: 32 | 64;
  /** Place of the addresses: before the number of symbols, or after the tokens. */
  readonly addresses: 'before' | 'behind';
  /** Bytes of each number in the order of names; 0: the kernel is older than Linux 6.2. */
  readonly order: 0 | 3 | 4;
  readonly markerSize: 4 | 8;
  /** Since Linux 7 all labels are aligned to 4. */
  readonly alignment: 4 | 8;
}

export interface KallsymsImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Start of each table. */
  readonly places: Readonly<Record<string, number>>;
}

/** Bytes before and after, like other constants of a kernel. */
const NOISE = Buffer.from('Linux version 6.12.0 (nobody@nowhere) \x01\x02\x03\xff', 'latin1');

/** Tokens of more than one byte; the others stand for themselves. */
const PIECES = new Map([
  [0x80, 'Tsys_'],
  [0x81, 'd__'],
  [0x82, 'counter'],
  [0xff, 'init_'],
]);

/**
 * The output of a kernel's scripts/kallsyms.c for symbols sorted by address, at `first`. Per-CPU
 * variables are those below `percpuEnd`.
 */
export function kallsymsImage(
  symbols: readonly MapLine[],
  shape: KallsymsShape,
  {
    first = 0xffffffff82000000n,
    percpuEnd = 0n,
    base: written = undefined as bigint | undefined,
  } = {},
): KallsymsImage {
  const out = new ByteWriter(shape.endian, 1 << 16);
  const places: Record<string, number> = {};
  const label = (name: string): void => {
    out.align(shape.alignment);
    places[name] = out.length;
  };
  const pointer = (value: bigint): void => {
    if (shape.bits === 64) out.u64(value);
    else out.u32(Number(value & 0xffffffffn));
  };
  const base = symbols.find(({ address }) => address >= percpuEnd)?.address ?? 0n;
  const addresses = (): void => {
    label('addresses');
    symbols.forEach(({ address }, index) => {
      const at = first + BigInt(places.addresses + index * 4);
      const isPercpu = address < percpuEnd;
      const offsets = {
        absolute: 0n,
        'base-relative': address - base,
        'absolute-percpu': isPercpu ? address : base - 1n - address,
        'place-relative': address - at,
      };
      if (shape.form === 'absolute') pointer(address);
      else out.u32(Number(BigInt.asUintN(32, offsets[shape.form])));
    });
    if (shape.form === 'base-relative' || shape.form === 'absolute-percpu') {
      label('base');
      pointer(written ?? base);
    }
  };
  const order = (): void => {
    label('order');
    const sorted = symbols.map((_, index) => index);
    sorted.sort((a, b) => (symbols[a].name < symbols[b].name ? -1 : 1));
    for (const index of sorted) {
      if (shape.order === 4) out.u32(index);
      else out.bytes(Uint8Array.of(index >> 16, (index >> 8) & 0xff, index & 0xff));
    }
  };
  out.bytes(NOISE);
  if (shape.addresses === 'before') addresses();
  label('numSyms');
  out.u32(symbols.length);
  label('names');
  const markers = writeNames(out, symbols);
  label('markers');
  for (const marker of markers) {
    if (shape.markerSize === 8) out.u64(BigInt(marker));
    else out.u32(marker);
  }
  if (shape.addresses === 'before' && shape.order > 0) order();
  writeTokens(out, label);
  if (shape.addresses === 'behind') {
    addresses();
    order();
  }
  out.bytes(NOISE);
  return { bytes: out.finish(), places };
}

function writeNames(out: ByteWriter, symbols: readonly MapLine[]): number[] {
  const markers: number[] = [];
  const start = out.length;
  symbols.forEach(({ type, name }, index) => {
    if (index % 256 === 0) markers.push(out.length - start);
    const packed = pack(type + name);
    if (packed.length < 0x80) out.u8(packed.length);
    else out.bytes(Uint8Array.of((packed.length & 0x7f) | 0x80, packed.length >> 7));
    out.bytes(packed);
  });
  return markers;
}

function pack(text: string): Uint8Array {
  const packed: number[] = [];
  for (let at = 0; at < text.length;) {
    const [token, piece] = [...PIECES].find(([, one]) => text.startsWith(one, at)) ?? [
      text.charCodeAt(at),
      text[at],
    ];
    packed.push(token);
    at += piece.length;
  }
  return Uint8Array.from(packed);
}

function writeTokens(out: ByteWriter, label: (name: string) => void): void {
  label('tokens');
  const offsets: number[] = [];
  const start = out.length;
  for (let token = 0; token < 256; token++) {
    offsets.push(out.length - start);
    const isLetter = token > 0x20 && token < 0x7f;
    const text = PIECES.get(token) ?? (isLetter ? String.fromCharCode(token) : '');
    out.bytes(Buffer.from(`${text}\0`, 'latin1'));
  }
  label('index');
  for (const offset of offsets) out.u16(offset);
}
