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
  /** A kernel in any form: a vmlinux, an image, a package, raw BTF. */
  kernel?: UploadedFile;
  /** BTF with the global variables, by the build's own pahole. */
  full?: UploadedFile;
  /** Any module of the build. */
  module?: UploadedFile;
  /** System.map or kallsyms, for a kernel without its symbol table. */
  map?: UploadedFile;
  /** The carrier that its build made, and perhaps signed. */
  carrier?: UploadedFile;
  /** Folder for unpacked files until this has ended. */
  folder: string;
  arch?: string | undefined;
  distro?: string | undefined;
  release?: string | undefined;
  /** Restores a withdrawn kernel. */
  restore?: boolean | undefined;
  /** Replaces everything that is published. */
  replace?: boolean | undefined;
  /** Its expiry; absent: never. */
  keptUntil?: string | undefined;
  /** ID of the sender's token. */
  uploader?: string | undefined;
  /** The build ID that every kernel in it must say by itself; absent: it may be any. */
  expects?: string | undefined;
  actor: Actor;
  split: SplitOptions;
}
