import { FormatError } from '@btf-depot/bytes';

/** Limits against hostile input; sizes in bytes. */
export interface ElfLimits {
  /** Section headers. */
  readonly sections: number;
  /** Bytes of one section that are read into memory at once. */
  readonly sectionBytes: number;
  /** Notes of one section. */
  readonly notes: number;
}

/** A vmlinux has some 100 sections, a module built with -ffunction-sections thousands. */
export const ELF_LIMITS: ElfLimits = {
  sections: 100_000,
  sectionBytes: 1024 * 1024 * 1024,
  notes: 10_000,
};

/** Throws FormatError `elf-limit` if `value` is more than the limit. */
export function checkLimit(what: string, value: number, limit: number, section?: string): void {
  if (value <= limit) return;
  throw new FormatError(
    'elf-limit',
    `${value} ${what}, the limit is ${limit}`,
    section === undefined ? {} : { section },
  );
}
