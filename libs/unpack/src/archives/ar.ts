import { FormatError, type Source } from '@btf-depot/bytes';

const MAGIC = '!<arch>\n';
const HEADER = 60;

/** A Debian package has three members; no real archive has many. */
const LIMIT = 64;

export interface ArMember {
  readonly name: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly size: number;
}

/**
 * The members of an ar archive. All must lie within the file: truncation is found before anything
 * is unpacked. Throws FormatError `deb-truncated`, `deb-corrupt`.
 */
export function readAr(source: Source): ArMember[] {
  const members: ArMember[] = [];
  for (let at = MAGIC.length; at < source.size;) {
    if (at + HEADER > source.size) throw truncated(at);
    const header = Buffer.from(source.read(at, HEADER)).toString('latin1');
    const size = /^ *(\d{1,10}) *$/.exec(header.slice(48, 58))?.[1];
    if (size === undefined || header.slice(58) !== '`\n') {
      throw new FormatError('deb-corrupt', 'no member begins here', { section: 'ar', offset: at });
    }
    const offset = at + HEADER;
    const member = { name: header.slice(0, 16).replace(/\/? *$/, ''), offset, size: Number(size) };
    if (offset + member.size > source.size) throw truncated(at);
    if (members.push(member) > LIMIT) {
      throw new FormatError('deb-corrupt', `more than ${LIMIT} members`, { section: 'ar' });
    }
    at = offset + member.size + (member.size % 2);
  }
  return members;
}

function truncated(offset: number): FormatError {
  return new FormatError('deb-truncated', 'a member ends beyond the file', {
    section: 'ar',
    offset,
  });
}
