import { gzipSync, zstdCompressSync } from 'node:zlib';

/** A member of an archive to build; any field may be false. */
export interface MemberInput {
  name: string;
  bytes?: Uint8Array;
  /** tar's type flag, by default a regular file; cpio knows 0 (file) and 2 (symbolic link). */
  type?: string;
  /** The size that the header states, by default the true one. */
  size?: number;
  link?: string;
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const text = (value: string) => Buffer.from(value, 'latin1');
const padTo = (bytes: Uint8Array, unit: number) =>
  joined(bytes, new Uint8Array((unit - (bytes.length % unit)) % unit));

/** A tar archive in ustar format, with the blocks at its end. */
export function tarFile(members: readonly MemberInput[]): Uint8Array {
  return joined(...members.map(tarMember), new Uint8Array(1024));
}

export function tarMember({ name, bytes = new Uint8Array(), ...rest }: MemberInput): Uint8Array {
  const { type = '0', size = bytes.length, link = '' } = rest;
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return joined(header, padTo(bytes, 512));
}

/** A cpio archive in the "newc" format. */
export function cpioFile(members: readonly MemberInput[]): Uint8Array {
  return joined(...[...members, { name: 'TRAILER!!!' }].map(cpioMember));
}

function cpioMember({ name, bytes = new Uint8Array(), ...rest }: MemberInput): Uint8Array {
  const { type = '0', size = bytes.length } = rest;
  const mode = type === '2' ? 0o120777 : 0o100644;
  const fields = [1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return joined(padTo(text(`${header}${name}\0`), 4), padTo(bytes, 4));
}

export function arFile(members: readonly MemberInput[]): Uint8Array {
  const parts = members.map(({ name, bytes = new Uint8Array(), size = bytes.length }) =>
    padTo(
      joined(
        text(`${name.padEnd(16)}${'0'.padEnd(24)}100644  ${String(size).padEnd(10)}\`\n`),
        bytes,
      ),
      2,
    ),
  );
  return joined(text('!<arch>\n'), ...parts);
}

export interface DebInput {
  package?: string;
  version?: string;
  maintainer?: string;
  /** More fields of its control file, each a line. */
  fields?: readonly string[];
  members: readonly MemberInput[];
}

/** A Debian package, its parts compressed with zstd. */
export function debFile(input: DebInput): Uint8Array {
  const { package: name = 'linux-image-test', version = '6.12-1', members } = input;
  const { maintainer = 'Nobody <nobody@example.org>', fields = [] } = input;
  const control = text(
    `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: ${maintainer}\n` +
      fields.map((field) => `${field}\n`).join(''),
  );
  return arFile([
    { name: 'debian-binary', bytes: text('2.0\n') },
    {
      name: 'control.tar.zst',
      bytes: zstdCompressSync(tarFile([{ name: './control', bytes: control }])),
    },
    { name: 'data.tar.zst', bytes: zstdCompressSync(tarFile(members)) },
  ]);
}

export interface RpmOptions {
  /** Headers of the payload have only the index of a file, as rpm writes them from 4 GiB on. */
  stripped?: boolean;
  /** Number of files listed in the header, by default all. */
  listed?: number;
  vendor?: string;
  /** Compressed; by default a cpio archive of the members. */
  payload?: Uint8Array;
}

/** An RPM package, its payload compressed with gzip. */
export function rpmFile(members: readonly MemberInput[], options: RpmOptions = {}): Uint8Array {
  const { stripped = false, listed = members.length, vendor = 'nobody' } = options;
  const payload = options.payload ?? gzipSync(stripped ? strippedCpio(members) : cpioFile(members));
  const header = rpmHeader([
    [1000, 6, text('kernel-core\0')],
    [1001, 6, text('6.12\0')],
    [1002, 6, text('1.fc41\0')],
    [1011, 6, text(`${vendor}\0`)],
    [1022, 6, text('x86_64\0')],
    ...(options.payload ? [] : fileTags(members.slice(0, listed))),
  ]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(header.length + payload.length);
  const lead = Buffer.alloc(96);
  lead.writeUInt32BE(0xedabeedb);
  return joined(padTo(joined(lead, rpmHeader([[1000, 4, size]])), 8), header, payload);
}

type RpmTag = [tag: number, type: number, bytes: Uint8Array, count?: number];

/** Names, sizes, modes and inodes, numbered as in rpm's lib/rpmtag.h. */
function fileTags(members: readonly MemberInput[]): RpmTag[] {
  const count = members.length;
  if (count === 0) return [];
  const array = (tag: number, type: number, width: number, values: number[]): RpmTag => {
    const bytes = Buffer.alloc(width * count);
    values.forEach((value, index) =>
      bytes.writeUIntBE(value, (index + 1) * width - Math.min(width, 6), Math.min(width, 6)),
    );
    return [tag, type, padTo(bytes, 8), count];
  };
  const names = members.map(({ name }) => `${name.split('/').at(-1) ?? ''}\0`).join('');
  const folders = members
    .map(({ name }) => `/${name.split('/').slice(0, -1).join('/')}/\0`)
    .join('');
  const modes = members.map(({ type }) => (type === '2' ? 0o120777 : 0o100644));
  return [
    array(
      5008,
      5,
      8,
      members.map(({ bytes, size }) => size ?? bytes?.length ?? 0),
    ),
    array(1030, 3, 2, modes),
    array(
      1096,
      4,
      4,
      members.map((_, index) => index + 1),
    ),
    array(
      1116,
      4,
      4,
      members.map((_, index) => index),
    ),
    [1117, 8, padTo(text(names), 8), count],
    [1118, 8, padTo(text(folders), 8), count],
  ];
}

function strippedCpio(members: readonly MemberInput[]): Uint8Array {
  const parts = members.map(({ bytes = new Uint8Array() }, index) =>
    joined(text(`07070X${index.toString(16).padStart(8, '0')}\0\0`), padTo(bytes, 4)),
  );
  return joined(...parts, cpioFile([]));
}

function rpmHeader(tags: readonly RpmTag[]): Uint8Array {
  const data = joined(...tags.map(([, , bytes]) => bytes));
  const head = Buffer.alloc(16 + 16 * tags.length);
  head.writeUInt32BE(0x8eade801);
  head.writeUInt32BE(tags.length, 8);
  head.writeUInt32BE(data.length, 12);
  let offset = 0;
  for (const [index, [tag, type, bytes, count = 1]] of tags.entries()) {
    [tag, type, offset, count].forEach((value, field) =>
      head.writeUInt32BE(value, 16 + 16 * index + 4 * field),
    );
    offset += bytes.length;
  }
  return joined(head, data);
}

/** An x86 kernel as a boot loader sees it: the setup header, then a payload. */
export function bzImageFile(kernel: Uint8Array, packed: Uint8Array = gzipSync(kernel)): Uint8Array {
  const setup = Buffer.alloc(2 * 512 + 64);
  setup.writeUInt8(1, 0x1f1);
  setup.write('HdrS', 0x202);
  setup.writeUInt16LE(0x20f, 0x206);
  setup.writeUInt32LE(64, 0x248);
  setup.writeUInt32LE(packed.length, 0x24c);
  return joined(setup, packed, new Uint8Array(100));
}

/** An EFI zboot image. @param size appended to a payload that is not gzip, and not counted. */
export function zbootFile(packed: Uint8Array, size: Uint8Array = new Uint8Array()): Uint8Array {
  const head = Buffer.alloc(128);
  head.write('MZ\0\0zimg');
  head.writeUInt32LE(128, 8);
  head.writeUInt32LE(packed.length, 12);
  return joined(head, packed, size, new Uint8Array(100));
}
