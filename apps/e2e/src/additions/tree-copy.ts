import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Made by tools, or useless in a copy. */
const LEFT_OUT = new Set(['.git', '.nx', '.cache', 'dist']);

/**
 * The project in a temporary folder: hard links to its files, broken before a change, and links to
 * the installed packages. Workspace packages are those of the copy.
 */
export class TreeCopy implements Disposable {
  readonly #temporary = new TemporaryFolder();
  readonly folder = this.#temporary.path;

  constructor() {
    copyFolder(root, this.folder);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  write(path: string, text: string): void {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.new`, text);
    renameSync(`${target}.new`, target);
  }

  [Symbol.dispose](): void {
    this.#temporary[Symbol.dispose]();
  }
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (LEFT_OUT.has(entry.name)) continue;
    if (entry.name === 'node_modules') linkPackages(source, target);
    else if (entry.isDirectory()) copyFolder(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile()) link(source, target);
  }
}

/** A package's imports are resolved from its real path. */
function linkPackages(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (LEFT_OUT.has(name)) continue;
    if (name.startsWith('@')) linkPackages(source, target);
    else symlinkSync(lstatSync(source).isSymbolicLink() ? readlinkSync(source) : source, target);
  }
}

/** The temporary folder may be on another disk. */
function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to);
  }
}
