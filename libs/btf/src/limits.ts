/** Limits of the kernel (include/uapi/linux/btf.h); this library reads beyond them, verify does not. */
export const KERNEL_LIMITS = {
  /** BTF_MAX_TYPE: the largest type id. */
  typeId: 0x000fffff,
  /** BTF_MAX_NAME_OFFSET: the largest string offset. */
  nameOffset: 0x00ffffff,
  /** BTF_MAX_SIZE: bytes of one BPF_BTF_LOAD. */
  bytes: 16 * 1024 * 1024,
} as const;

/** What the reader refuses to be led beyond. */
export interface BtfLimits {
  /** Bytes of one BTF, base not counted. */
  readonly bytes: number;
  /** Levels of split BTF: `vmlinux` ← module ← its inlined calls are three. */
  readonly levels: number;
}

/** Room for the BTF of all inlined calls of a distribution kernel, and then some. */
export const BTF_LIMITS: BtfLimits = { bytes: 256 * 1024 * 1024, levels: 16 };
