import { runsOf, type Sparse } from './sparse.ts';

/** The fields of a pax extended header that matter here. */
export interface PaxFields {
  path?: string;
  link?: string;
  size?: number;
  sparse?: Sparse;
}

const NUMBER = /^\d{1,15}$/;

/**
 * Records of `LENGTH KEY=VALUE\n`; LENGTH is decimal and counts the whole record (POSIX.1, pax).
 */
export function readPax(bytes: Uint8Array): PaxFields {
  const text = Buffer.from(bytes).toString('latin1');
  const fields: PaxFields = {};
  const sparse: { name?: string; size?: number; isInData?: boolean; numbers: number[] } = {
    numbers: [],
  };
  for (let at = 0; at < text.length;) {
    const start = /^(\d{1,15}) /.exec(text.slice(at, at + 16));
    const length = Number(start?.[1]);
    if (!start || !(length > start[0].length) || at + length > text.length) break;
    const record = text.slice(at + start[0].length, at + length - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (key === 'path') fields.path = value;
    if (key === 'linkpath') fields.link = value;
    if (key === 'size' && NUMBER.test(value)) fields.size = Number(value);
    // Versions 0.0, 0.1 and 1.0 of GNU tar's sparse files.
    if (key === 'GNU.sparse.name') sparse.name = value;
    if (/^GNU\.sparse\.(real)?size$/.test(key) && NUMBER.test(value)) sparse.size = Number(value);
    if (key === 'GNU.sparse.major') sparse.isInData = value === '1';
    if (/^GNU\.sparse\.(map|offset|numbytes)$/.test(key)) {
      for (const one of value.split(',')) if (NUMBER.test(one)) sparse.numbers.push(Number(one));
    }
    at += length;
  }
  const { name, size, isInData, numbers } = sparse;
  if (size === undefined) return fields;
  if (name !== undefined) fields.path = name;
  return { ...fields, sparse: { size, runs: isInData ? undefined : runsOf(numbers) } };
}
