const text = (value: string) => Buffer.from(value, 'latin1');
const pad = (bytes: Uint8Array, unit: number) =>
  Buffer.concat([bytes, new Uint8Array((unit - (bytes.length % unit)) % unit)]);

/** A PE file with these sections. */
export function ukiFile(sections: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const head = Buffer.alloc(0x400);
  head.write('MZ');
  head.writeUInt32LE(0x80, 0x3c);
  head.write('PE', 0x80);
  head.writeUInt16LE(Object.keys(sections).length, 0x86);
  head.writeUInt16LE(0xf0, 0x94);
  const parts = [head];
  let at = 0x98 + 0xf0;
  for (const [name, bytes] of Object.entries(sections)) {
    const padded = pad(bytes, 512);
    const offset = parts.reduce((total, { length }) => total + length, 0);
    head.write(name, at);
    [bytes.length, 0x1000 + offset, padded.length, offset].forEach((value, index) =>
      head.writeUInt32LE(value, at + 8 + 4 * index),
    );
    parts.push(padded);
    at += 40;
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** U-Boot's header of 64 bytes, then the payload. */
export function uImageFile(type: number, compression: number, data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(64);
  head.writeUInt32BE(0x27051956);
  head.writeUInt32BE(data.length, 12);
  head.set([5, 22, type, compression], 28);
  return new Uint8Array(Buffer.concat([head, data]));
}

/** A device tree with one node, `/images/kernel`. */
export function fitFile(properties: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const u32 = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
    return bytes;
  };
  const node = (name: string) => [u32(1), pad(text(`${name}\0`), 4)];
  let strings = '';
  const tokens = [...node(''), ...node('images'), ...node('kernel')];
  for (const [name, value] of Object.entries(properties)) {
    const bytes = typeof value === 'string' ? text(`${value}\0`) : value;
    tokens.push(u32(3, bytes.length, strings.length), pad(bytes, 4));
    strings += `${name}\0`;
  }
  const structure = Buffer.concat([...tokens, u32(2, 2, 2, 9)]);
  const end = 56 + structure.length;
  const sizes = [strings.length, structure.length];
  const head = u32(0xd00dfeed, end + strings.length, 56, end, 40, 17, 16, 0, ...sizes, 0, 0, 0, 0);
  return new Uint8Array(Buffer.concat([head, structure, text(strings)]));
}

/** Android's boot.img: a page of header, and the kernel. */
export function bootImage(version: number, kernel: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4096);
  head.write('ANDROID!');
  head.writeUInt32LE(kernel.length, 8);
  if (version < 3) head.writeUInt32LE(4096, 36);
  head.writeUInt32LE(version, 40);
  return new Uint8Array(Buffer.concat([head, pad(kernel, 4096)]));
}

/** Android's vendor_boot.img of header version 4. */
export function vendorBootImage(ramdisk: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4096);
  head.write('VNDRBOOT');
  head.writeUInt32LE(4, 8);
  head.writeUInt32LE(4096, 12);
  head.writeUInt32LE(ramdisk.length, 24);
  head.writeUInt32LE(2128, 2096);
  return new Uint8Array(Buffer.concat([head, pad(ramdisk, 4096)]));
}
