/** A file of an initramfs; its folders are made too. */
export interface ArchiveFile {
  /** From the root, without a leading slash. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/**
 * An archive in cpio's `newc` format, which the kernel unpacks into its root
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root, time 0.
 */
export function cpioArchive(files: readonly ArchiveFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const known = new Set<string>();
  let inode = 1;
  const add = (path: string, mode: number, bytes: Uint8Array): void => {
    const name = Buffer.from(`${path}\0`);
    const fields = [inode++, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    parts.push(padded(Buffer.concat([Buffer.from(head), name])), padded(bytes));
  };
  for (const { path, bytes, executable = false } of files) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (!known.has(folder)) add(folder, FOLDER, new Uint8Array());
      known.add(folder);
    }
    add(path, executable ? PROGRAM : FILE, bytes);
  }
  add('TRAILER!!!', 0, new Uint8Array());
  return Buffer.concat(parts);
}

/** Each header with its name, and each file's contents, end at a multiple of four. */
function padded(bytes: Uint8Array): Uint8Array {
  const over = bytes.length % 4;
  return over === 0 ? bytes : Buffer.concat([bytes, new Uint8Array(4 - over)]);
}
