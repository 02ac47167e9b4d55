import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { NAME_LIMIT, type Member } from './member.ts';

const HEADER = 110;
const REGULAR = 0o100000;
const TYPE_MASK = 0o170000;

/** Members of a cpio archive in the "newc" format, with or without checksums: what .rpm holds. */
export async function* readCpio(reader: StreamReader): AsyncGenerator<Member> {
  for (;;) {
    const header = await reader.read(HEADER);
    const magic = Buffer.from(header.subarray(0, 6)).toString('latin1');
    if (magic !== '070701' && magic !== '070702') throw corrupt(`magic ${hex(header)}`, reader);
    const mode = field(header, 1, reader);
    const size = field(header, 6, reader);
    const nameSize = field(header, 11, reader);
    if (nameSize === 0 || nameSize > NAME_LIMIT) {
      throw corrupt(`a name of ${nameSize} bytes`, reader);
    }
    const bytes = await reader.read(nameSize);
    await reader.skip(padding(HEADER + nameSize));
    const name = Buffer.from(bytes.subarray(0, -1)).toString('latin1');
    if (name === 'TRAILER!!!') return;
    const end = reader.position + size + padding(size);
    const isFile = (mode & TYPE_MASK) === REGULAR;
    yield { name, size, isFile, content: () => reader.take(size) };
    if (reader.position > end) throw new RangeError('more was read than the member has');
    await reader.skip(end - reader.position);
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

function hex(header: Uint8Array): string {
  return Buffer.from(header.subarray(0, 6)).toString('hex');
}

function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('cpio-corrupt', message, { section: 'cpio', offset: reader.position });
}
