import { MAX_BLOB_SIZE } from '@btf-depot/depot';

/** The head of a plain answer whose body is an object. */
export interface AnswerHead {
  /** Bytes of the head; the body begins there. */
  size: number;
  /** Bytes of the body. */
  length: number;
  /** Whether the connection may be used again. */
  keepsAlive: boolean;
}

/**
 * Reads the head of an HTTP answer (RFC 9112).
 * @param bytes received so far.
 * @returns undefined if its end has not come; 'other' for all but a plain 200: another status or
 *   version, a body in chunks, without exactly one length, or longer than a blob may be.
 */
export function readHead(bytes: Buffer): AnswerHead | 'other' | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [status, ...lines] = bytes.toString('latin1', 0, end).toLowerCase().split('\r\n');
  const length = valueOf(lines, 'content-length');
  if (!/^http\/1\.1 200( |$)/.test(status) || length === undefined || !/^\d{1,15}$/.test(length)) {
    return 'other';
  }
  if (Number(length) > MAX_BLOB_SIZE || valueOf(lines, 'transfer-encoding') !== undefined) {
    return 'other';
  }
  const keepsAlive = valueOf(lines, 'connection') !== 'close';
  return { size: end + 4, length: Number(length), keepsAlive };
}

/** @returns the values of all headers of this name; undefined if there is none. */
function valueOf(lines: readonly string[], name: string): string | undefined {
  const values = lines
    .filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());
  return values.length === 0 ? undefined : values.join(', ');
}
