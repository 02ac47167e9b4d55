/**
 * Ed25519 keys and signatures in the text forms of signify(1), which usign(1) shares: a line of
 * comment, then base64 of `Ed`, a key number of 8 bytes and the key or signature. minisign(1) has
 * the same public keys, but needs two more lines in a signature, which usign refuses: so each has
 * its own file.
 */

export interface PublicKey {
  /** 16 lowercase hexadecimal digits, which distinguish the keys of one signer. */
  number: string;
  /** 32. */
  bytes: Uint8Array<ArrayBuffer>;
}

export interface Signature {
  /** The number of its key; a hint that proves nothing. */
  number: string;
  /** 64. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** A malformed key or signature. */
export class BadKey extends Error {
  override readonly name = 'BadKey';
  readonly code = 'bad-key';
}

const ALGORITHM = [0x45, 0x64];
const NUMBER_LENGTH = 8;

export function encodePublicKey(key: PublicKey): string {
  return `untrusted comment: btf-depot public key ${key.number}\n${publicKeyLine(key)}\n`;
}

/** The key's second line, which is complete: minisign's `-P` takes it. */
export function publicKeyLine({ number, bytes }: PublicKey): string {
  return encodeNumbered(number, bytes);
}

/** @param text of a file, or its line of base64. @throws BadKey. */
export function decodePublicKey(text: string): PublicKey {
  return decodeNumbered(text, 32, 'public key');
}

/** @param comment one line for people; no signature covers it. */
export function encodeSignature({ number, bytes }: Signature, comment: string): string {
  return `untrusted comment: ${comment}\n${encodeNumbered(number, bytes)}\n`;
}

/** @throws BadKey. */
export function decodeSignature(text: string): Signature {
  return decodeNumbered(text, 64, 'signature');
}

/**
 * The same for minisign.
 * @param trusted comment that `global`, a signature of signature and comment, covers.
 */
export function encodeMinisig(
  signature: Signature,
  comment: string,
  trusted: string,
  global: Uint8Array,
): string {
  const text = encodeSignature(signature, comment);
  return `${text}trusted comment: ${trusted}\n${toBase64(global)}\n`;
}

/** The lines that minisign adds. @throws BadKey. */
export function decodeMinisig(text: string): { trusted: string; global: Uint8Array } {
  const [, , comment = '', line] = text.split('\n');
  const [, trusted] = /^trusted comment: (.*)$/.exec(comment) ?? [];
  const global = fromBase64(line);
  if (trusted !== undefined && global?.length === 64) return { trusted, global };
  throw new BadKey('not a signature as minisign writes it');
}

function encodeNumbered(number: string, bytes: Uint8Array): string {
  const numberBytes = number.match(/../g)?.map((byte) => parseInt(byte, 16)) ?? [];
  return toBase64(Uint8Array.of(...ALGORITHM, ...numberBytes, ...bytes));
}

function decodeNumbered(text: string, length: number, what: string): Signature {
  const lines = text.split('\n').map((line) => line.trim());
  const all = fromBase64(lines[0]?.startsWith('untrusted comment:') ? lines[1] : lines[0]);
  const start = ALGORITHM.length + NUMBER_LENGTH;
  if (all?.length !== start + length || !ALGORITHM.every((byte, at) => all[at] === byte)) {
    throw new BadKey(`not an ed25519 ${what} as signify writes it`);
  }
  const number = Array.from(all.subarray(ALGORITHM.length, start), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  return { number, bytes: all.slice(start) };
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** @returns undefined if the text is not base64. */
export function fromBase64(text = ''): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
