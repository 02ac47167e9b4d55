import { createHash } from 'node:crypto';
import { ByteWriter, type Endian } from '@btf-depot/bytes';

interface Link {
  readonly module: string;
  /** The BTF in it. */
  readonly data: Uint8Array;
  readonly bits?: 32 | 64;
  readonly endian?: Endian;
}

/** What a kernel's build says of a module that brings BTF. */
export function linkRecord({ module, data, bits = 64, endian = 'little' }: Link): Uint8Array {
  const name = Buffer.alloc(64 - bits / 8);
  name.write(module, 'latin1');
  const hash = createHash('sha256').update(data).digest();
  return new ByteWriter(endian).bytes(name).bytes(hash).u32(data.length).finish();
}
