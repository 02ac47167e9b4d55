import { readFileSync } from 'node:fs';
import { bytesSource, type Source } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { elfKallsyms, imageKallsyms, type Kallsyms } from '@btf-depot/extras';
import type { Kernel } from '@btf-depot/kernels';
import { readImage, unpack } from '@btf-depot/unpack';

/** The kernel in the bootable image, as an upload of the image would find it. */
export async function imageOf({ vmlinuz }: Pick<Kernel, 'vmlinuz'>): Promise<Source> {
  const { files } = await unpack(bytesSource(readFileSync(vmlinuz)), async (chunks) => {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk.slice());
    return bytesSource(Buffer.concat(all));
  });
  return files[0].source;
}

export function kallsymsOf(image: Source): Kallsyms {
  const isElf = image.read(0, 1)[0] === 0x7f;
  const found = isElf ? elfKallsyms(readElf(image)) : imageKallsyms(image);
  if (!found) throw new Error('no kallsyms');
  return found;
}

/** The kernel's own BTF. */
export function coreOf(image: Source): Uint8Array {
  const raw = readImage(image);
  if (raw) return image.read(raw.btf.offset, raw.btf.length);
  const elf = readElf(image);
  const section = elf.section('.BTF');
  if (!section) throw new Error('the kernel has no BTF inside');
  return elf.bytes(section);
}
