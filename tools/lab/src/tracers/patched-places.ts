import type { Elf, ElfSection } from '@btf-depot/elf';

/** Tables of code addresses, by the symbols around them: `size` bytes each, the address first. */
const TABLES = [
  {
    begin: '__start___jump_table',
    end: '__stop___jump_table',
    size: 16,
    why: 'jump label',
    length: 5,
  },
  {
    begin: '__start_static_call_sites',
    end: '__stop_static_call_sites',
    size: 8,
    why: 'static call',
    length: 5,
  },
  {
    begin: '__smp_locks',
    end: '__smp_locks_end',
    size: 4,
    why: 'lock prefix',
    length: 1,
  },
] as const;

/** x86's ud2, at which BUG and WARN trap. */
const TRAP = Buffer.of(0x0f, 0x0b);

/**
 * Places that an x86-64 kernel itself patches or traps at, which no probe may use
 * (check_kprobe_address_safe in kernel/kprobes.c, arch_prepare_kprobe in arch/x86/kernel/kprobes).
 */
export class PatchedPlaces {
  readonly #elf: Elf;
  readonly #places = new Map<bigint, string>();

  constructor(elf: Elf) {
    this.#elf = elf;
    for (const { begin, end, size, why, length } of TABLES) {
      const from = elf.symbol(begin)?.value;
      const to = elf.symbol(end)?.value;
      if (from === undefined || to === undefined) throw new Error(`no ${begin}`);
      const bytes = this.#bytes(from, Number(to - from));
      for (let at = 0; at < bytes.length; at += size) {
        // Addresses are relative to their own place.
        const place = from + BigInt(at) + BigInt(bytes.readInt32LE(at));
        for (let byte = 0n; byte < length; byte++) this.#places.set(place + byte, why);
      }
    }
  }

  /** The bytes at an address. */
  at(address: bigint): string | undefined {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    return this.#bytes(address, TRAP.length).equals(TRAP) ? 'trap' : undefined;
  }

  sectionOf(address: bigint): string | undefined {
    return this.#section(address)?.name;
  }

  #bytes(address: bigint, length: number): Buffer {
    const section = this.#section(address);
    if (section === undefined) return Buffer.alloc(0);
    const bytes = this.#elf.bytes(section);
    const from = Number(address - section.address);
    return Buffer.from(bytes.subarray(from, from + length));
  }

  #section(address: bigint): ElfSection | undefined {
    return this.#elf.sections.find(
      ({ address: begin, size }) =>
        begin !== 0n && address >= begin && address < begin + BigInt(size),
    );
  }
}
