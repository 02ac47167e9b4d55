import type { SplitOptions } from '../split/split-kernel.ts';
import type { Actor } from '../ownership/ownership.ts';

/** A file of an upload, complete on this machine. */
export interface UploadedFile {
  path: string;
  size: number;
  sha256: string;
}

/** At least one file. */
export interface Upload {
  /** Whatever a kernel may be in: a vmlinux, an image, a package, raw BTF. */
  kernel?: UploadedFile;
  /** BTF that the build's own pahole wrote with the global variables. */
  full?: UploadedFile;
  /** Any module of the build. */
  module?: UploadedFile;
  /** System.map or kallsyms, for a kernel without its symbol table. */
  map?: UploadedFile;
  /** The carrier that its build made, and may have signed. */
  carrier?: UploadedFile;
  /** Where what has to be unpacked may lie until this has ended. */
  folder: string;
  arch?: string | undefined;
  distro?: string | undefined;
  release?: string | undefined;
  /** Takes a withdrawn kernel in again. */
  restore?: boolean | undefined;
  /** Takes what it brings in the place of what is published. */
  replace?: boolean | undefined;
  /** When its time is over; absent: never. */
  keptUntil?: string | undefined;
  /** ID of the token that it was sent with. */
  uploader?: string | undefined;
  /** The build ID that every kernel in it must say by itself; absent: it may be any. */
  expects?: string | undefined;
  actor: Actor;
  split: SplitOptions;
}
