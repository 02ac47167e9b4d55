import { bytesSource } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { executable } from '@btf-depot/elf/testing';
import { describe, expect, it } from 'vitest';
import { refuseShuffledFull } from './refuse.ts';

const ADDRESS = 0xffffffff82000000n;
const SHUFFLED = '6.12.0 SMP mod_unload RANDSTRUCT_0123456789abcdef';

function kernel(vermagic: string, compiler: string) {
  const bytes = Buffer.alloc(256);
  bytes.write(vermagic, 0, 'latin1');
  bytes.write(`Linux version 6.12.0 (farm@host) (${compiler}, GNU ld 2.40) #1`, 128, 'latin1');
  const vmlinux = executable({
    sections: [{ name: '.rodata', address: ADDRESS, bytes }],
    symbols: [
      { name: 'vermagic', value: ADDRESS, size: 128 },
      { name: 'linux_banner', value: ADDRESS + 128n, size: 128 },
    ],
  });
  return readElf(bytesSource(vmlinux));
}

describe('the full BTF of a kernel with shuffled structures', () => {
  it('is refused where gcc made the kernel', () => {
    const gcc = kernel(SHUFFLED, 'gcc-12 (Debian 12.2.0-14) 12.2.0');
    expect(() => refuseShuffledFull(gcc)).toThrow(expect.objectContaining({ code: 'randstruct' }));
  });

  it('is right where clang did, and where nothing is shuffled', () => {
    refuseShuffledFull(kernel(SHUFFLED, 'Debian clang version 16.0.6'));
    refuseShuffledFull(kernel('6.12.0 SMP mod_unload', 'gcc (Debian 12.2.0-14) 12.2.0'));
  });
});
