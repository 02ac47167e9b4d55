import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { BadKey, fromBase64, toBase64, type PublicKey } from '@btf-depot/contracts';

/** A key that manifests are signed with. */
export interface SigningKey {
  publicKey: PublicKey;
  /** @returns an ed25519 signature of 64 bytes; the same each time. */
  sign(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

/**
 * signify's secret key (`struct enckey` of signify.c): `Ed`, `BK`, rounds of the key derivation
 * (0: the key is not encrypted), salt, the first bytes of the key's SHA-512, key number, and the
 * key: 32 bytes of seed, 32 of public key.
 */
const LAYOUT = { rounds: 4, salt: 8, checksum: 24, number: 32, seed: 40, public: 72, end: 104 };

/** A new secret key, as signify and usign have it in a file. */
export function createSecretKey(): string {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const pair = Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]);
  const number = randomBytes(LAYOUT.seed - LAYOUT.number);
  const bytes = Buffer.concat([
    Buffer.from('EdBK'),
    Buffer.alloc(LAYOUT.salt - LAYOUT.rounds),
    randomBytes(LAYOUT.checksum - LAYOUT.salt),
    checksumOf(pair),
    number,
    pair,
  ]);
  const comment = `btf-depot secret key ${number.toString('hex')}`;
  return `untrusted comment: ${comment}\n${toBase64(bytes)}\n`;
}

/** @param text of a secret key's file. @throws BadKey. */
export function openSecretKey(text: string): SigningKey {
  const lines = text.split('\n').map((line) => line.trim());
  const bytes = lines[0]?.startsWith('untrusted comment:') ? fromBase64(lines[1]) : undefined;
  const all = Buffer.from(bytes ?? []);
  if (all.length !== LAYOUT.end || all.toString('latin1', 0, LAYOUT.rounds) !== 'EdBK') {
    throw new BadKey('the file is not a secret key of signify or usign');
  }
  if (all.readUInt32BE(LAYOUT.rounds) !== 0) {
    throw new BadKey('the secret key has a passphrase; make one without (signify -G -n)');
  }
  const pair = all.subarray(LAYOUT.seed);
  if (!checksumOf(pair).equals(all.subarray(LAYOUT.checksum, LAYOUT.number))) {
    throw new BadKey('the secret key is damaged');
  }
  const publicBytes = new Uint8Array(all.subarray(LAYOUT.public));
  const key = createPrivateKey({
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: all.subarray(LAYOUT.seed, LAYOUT.public).toString('base64url'),
      x: all.subarray(LAYOUT.public).toString('base64url'),
    },
    format: 'jwk',
  });
  // A signature with another public key inside reveals the secret key.
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (x !== Buffer.from(publicBytes).toString('base64url')) {
    throw new BadKey('the secret key does not belong to its public key');
  }
  const number = all.toString('hex', LAYOUT.number, LAYOUT.seed);
  return {
    publicKey: { number, bytes: publicBytes },
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

function checksumOf(pair: Uint8Array): Buffer {
  const length = LAYOUT.number - LAYOUT.checksum;
  return createHash('sha512').update(pair).digest().subarray(0, length);
}
