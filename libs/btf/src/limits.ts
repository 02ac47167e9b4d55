/**
 * Limits of the kernel (include/uapi/linux/btf.h). This library reads larger BTF; verify refuses
 * it.
 */
export const KERNEL_LIMITS = {
  /** BTF_MAX_TYPE: the largest type id. */
  typeId: 0x000fffff,
  /** BTF_MAX_NAME_OFFSET: the largest string offset. */
  nameOffset: 0x00ffffff,
  /** BTF_MAX_SIZE: bytes of one BPF_BTF_LOAD. */
  bytes: 16 * 1024 * 1024,
} as const;

/** Limits of the reader. */
export interface BtfLimits {
  /** Bytes of one BTF, without its base. */
  readonly bytes: number;
  /** Levels of split BTF: `vmlinux` ← module ← its inlined calls are three. */
  readonly levels: number;
}

/** More than all inlined calls of a distribution kernel need. */
export const BTF_LIMITS: BtfLimits = { bytes: 256 * 1024 * 1024, levels: 16 };
