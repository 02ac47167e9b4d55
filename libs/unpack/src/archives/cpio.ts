import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { NAME_LIMIT, type Member } from '../member.ts';

const HEADER = 110;
const STRIPPED_HEADER = 16;
const REGULAR = 0o100000;
const TYPE_MASK = 0o170000;

/** Most names of hard links that wait for their bytes; kernel packages have a few. */
const WAITING_LIMIT = 10_000;

/** A file as the package's header describes it. */
export interface ListedFile {
  readonly name: string;
  /** Bytes in the archive. */
  readonly size: number;
  readonly isFile: boolean;
  /** The same number for all hard links of a file; absent for a file with one name. */
  readonly inode?: string | undefined;
}

export interface CpioOptions {
  /** The files behind stripped headers, which have only the index of a file. */
  readonly files?: readonly ListedFile[] | undefined;
  /** Reads concatenated archives too, as a kernel reads its initramfs. */
  readonly isInitramfs?: boolean;
}

/**
 * Members of a cpio archive in the "newc" format, with or without checksums, or stripped: .rpm uses
 * that form if a file of the package has 4 GiB or more. Usually the last hard link has the bytes:
 * names before it are aliases, names after it are links to it.
 */
export async function* readCpio(
  reader: StreamReader,
  options: CpioOptions = {},
): AsyncGenerator<Member> {
  try {
    yield* readMembers(reader, options);
    await reader.drain();
  } finally {
    await reader.close();
  }
}

async function* readMembers(
  reader: StreamReader,
  { files, isInitramfs = false }: CpioOptions,
): AsyncGenerator<Member> {
  const links = new HardLinks();
  for (;;) {
    const file = await readHeader(reader, files);
    if (!file) {
      if (isInitramfs && (await passZeros(reader))) continue;
      return;
    }
    const { name, size, isFile } = file;
    const end = reader.position + size + padding(size);
    yield {
      name,
      size,
      isFile,
      ...links.of(file),
      content: () => reader.take(size),
    };
    if (reader.position > end) throw new RangeError('more was read than the member has');
    await reader.skip(end - reader.position);
  }
}

class HardLinks {
  readonly #waiting = new Map<string, string[]>();
  readonly #seen = new Map<string, string>();
  #names = 0;

  of({ inode, name, size, isFile }: ListedFile): Partial<Member> {
    if (!isFile || inode === undefined) return {};
    const seen = this.#seen.get(inode);
    if (size === 0 && seen !== undefined) return { link: seen, isFile: false };
    if (++this.#names > WAITING_LIMIT) return {};
    if (size > 0) {
      this.#seen.set(inode, name);
      return { aliases: this.#waiting.get(inode) ?? [] };
    }
    const waiting = this.#waiting.get(inode);
    if (waiting) waiting.push(name);
    else this.#waiting.set(inode, [name]);
    return { isFile: false };
  }
}

/** @returns undefined at the end of the archive. */
async function readHeader(
  reader: StreamReader,
  files: readonly ListedFile[] | undefined,
): Promise<ListedFile | undefined> {
  const magic = Buffer.from(await peek(reader, 6)).toString('latin1');
  if (magic === '07070X') return readStripped(reader, files);
  if (magic !== '070701' && magic !== '070702') {
    throw corrupt(`magic ${Buffer.from(magic, 'latin1').toString('hex')}`, reader);
  }
  const header = await reader.read(HEADER);
  const [inode, mode, links, size, major, minor, nameSize] = [0, 1, 4, 6, 7, 8, 11].map((index) =>
    field(header, index, reader),
  ) as [number, number, number, number, number, number, number];
  if (nameSize === 0 || nameSize > NAME_LIMIT) {
    throw corrupt(`a name of ${nameSize} bytes`, reader);
  }
  const bytes = await reader.read(nameSize);
  await reader.skip(padding(HEADER + nameSize));
  const name = Buffer.from(bytes.subarray(0, -1)).toString('latin1');
  if (name === 'TRAILER!!!') return undefined;
  const isFile = (mode & TYPE_MASK) === REGULAR;
  return { name, size, isFile, inode: links > 1 ? `${major}:${minor}:${inode}` : undefined };
}

/** The magic, the index of the file in eight hexadecimal digits, padding (lib/cpio.c of rpm). */
async function readStripped(
  reader: StreamReader,
  files: readonly ListedFile[] | undefined,
): Promise<ListedFile> {
  const header = await reader.read(STRIPPED_HEADER);
  const index = field(header, 0, reader);
  const file = files?.[index];
  if (file) return file;
  throw corrupt(`file ${index} of ${files?.length ?? 0} that the package lists`, reader);
}

async function peek(reader: StreamReader, count: number): Promise<Uint8Array> {
  if (await reader.fill(count)) return reader.held().subarray(0, count);
  return reader.read(count);
}

/** @returns whether another archive follows. */
async function passZeros(reader: StreamReader): Promise<boolean> {
  for (;;) {
    if (await reader.isAtEnd()) return false;
    const held = reader.held();
    const zeros = held.findIndex((byte) => byte !== 0);
    reader.drop(zeros < 0 ? held.length : zeros);
    if (zeros < 0) continue;
    await reader.fill(6);
    return /^07070[12]/.test(Buffer.from(reader.held().subarray(0, 6)).toString('latin1'));
  }
}

/** Fields of eight hexadecimal digits. */
function field(header: Uint8Array, index: number, reader: StreamReader): number {
  const digits = Buffer.from(header.subarray(6 + 8 * index, 14 + 8 * index)).toString('latin1');
  if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw corrupt('a field that is no number', reader);
  return parseInt(digits, 16);
}

function padding(size: number): number {
  return (4 - (size % 4)) % 4;
}

function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('cpio-corrupt', message, { section: 'cpio', offset: reader.position });
}
