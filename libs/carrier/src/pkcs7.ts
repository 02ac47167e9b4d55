import { FormatError } from '@btf-depot/bytes';
import {
  Constructed,
  fromBER,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Sequence,
  Set as Asn1Set,
  type BaseBlock,
} from 'asn1js';
import type { X509Certificate } from 'node:crypto';

/** Object identifiers of the hashes, and of ECDSA with them. */
const HASHES = {
  sha256: { hash: '2.16.840.1.101.3.4.2.1', ecdsa: '1.2.840.10045.4.3.2' },
  sha384: { hash: '2.16.840.1.101.3.4.2.2', ecdsa: '1.2.840.10045.4.3.3' },
  sha512: { hash: '2.16.840.1.101.3.4.2.3', ecdsa: '1.2.840.10045.4.3.4' },
} as const;

export type ModuleHash = keyof typeof HASHES;

const RSA = '1.2.840.113549.1.1.1';
const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';

export interface Signed {
  readonly hash: ModuleHash;
  readonly kind: 'rsa' | 'ec';
  /** The key's raw output: PKCS #1 for RSA, DER of two integers for EC. */
  readonly signature: Uint8Array;
}

/**
 * PKCS #7 of one signer without content, certificates and signed attributes, which older kernels
 * refuse: ContentInfo with SignedData (RFC 2315, version 1).
 */
export function detachedSignature(certificate: X509Certificate, signed: Signed): Uint8Array {
  const { hash, ecdsa } = HASHES[signed.hash];
  // RSA's parameters are NULL, ECDSA has none (RFC 3370, RFC 5754).
  const kind = signed.kind === 'rsa' ? algorithm(RSA, new Null()) : algorithm(ecdsa);
  const signerInfo = new Sequence({
    value: [
      new Integer({ value: 1 }),
      issuerAndSerial(certificate),
      algorithm(hash),
      kind,
      new OctetString({ valueHex: toArrayBuffer(signed.signature) }),
    ],
  });
  const content = new Sequence({
    value: [
      new Integer({ value: 1 }),
      new Asn1Set({ value: [algorithm(hash)] }),
      new Sequence({ value: [new ObjectIdentifier({ value: DATA })] }),
      new Asn1Set({ value: [signerInfo] }),
    ],
  });
  const info = new Sequence({
    value: [
      new ObjectIdentifier({ value: SIGNED_DATA }),
      new Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [content] }),
    ],
  });
  return new Uint8Array(info.toBER());
}

/** Whether the bytes are exactly one PKCS #7 message with signatures (SignedData). */
export function isSignedData(bytes: Uint8Array): boolean {
  let read: ReturnType<typeof fromBER>;
  try {
    read = fromBER(toArrayBuffer(bytes));
  } catch {
    // It throws for some damage, and for nesting that is too deep for it.
    return false;
  }
  const { offset, result } = read;
  const [type] = result instanceof Sequence ? result.valueBlock.value : [];
  return (
    offset === bytes.length &&
    type instanceof ObjectIdentifier &&
    type.valueBlock.toString() === SIGNED_DATA
  );
}

function algorithm(identifier: string, parameters?: BaseBlock): Sequence {
  const value = new ObjectIdentifier({ value: identifier });
  return new Sequence({ value: parameters ? [value, parameters] : [value] });
}

/** Copied from the certificate: Certificate, TBSCertificate, [version], serial, …, issuer. */
function issuerAndSerial(certificate: X509Certificate): Sequence {
  const outer = fromBER(toArrayBuffer(certificate.raw)).result;
  const body = outer instanceof Sequence ? outer.valueBlock.value[0] : undefined;
  const fields = body instanceof Sequence ? body.valueBlock.value : [];
  const at = fields.findIndex((field) => field instanceof Integer);
  const serial = fields[at];
  const issuer = fields[at + 2];
  if (at === -1 || !serial || !issuer) {
    throw new FormatError('carrier-key', 'the certificate has no issuer and serial number');
  }
  return new Sequence({ value: [issuer, serial] });
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
