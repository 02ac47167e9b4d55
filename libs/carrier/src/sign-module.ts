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
import { createPrivateKey, sign, X509Certificate, type KeyObject } from 'node:crypto';

export interface ModuleSigner {
  /** Private key, RSA or EC, as PEM. */
  readonly key: string;
  /** The certificate whose public key the kernel trusts, as PEM. */
  readonly certificate: string;
  /** Default sha256. */
  readonly hash?: keyof typeof HASHES;
}

/** Object identifiers of the hashes, and of ECDSA with them. */
const HASHES = {
  sha256: { hash: '2.16.840.1.101.3.4.2.1', ecdsa: '1.2.840.10045.4.3.2' },
  sha384: { hash: '2.16.840.1.101.3.4.2.2', ecdsa: '1.2.840.10045.4.3.3' },
  sha512: { hash: '2.16.840.1.101.3.4.2.3', ecdsa: '1.2.840.10045.4.3.4' },
} as const;

const RSA = '1.2.840.113549.1.1.1';
const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';

const MAGIC = '~Module signature appended~\n';
/** PKEY_ID_PKCS7, the only kind that kernels take since 4.3 (include/linux/module_signature.h). */
const ID_PKCS7 = 2;

/**
 * A module with a signature appended, as the kernel checks it (mod_verify_sig): PKCS#7 without
 * content, certificates and signed attributes, which older kernels refuse. With an RSA key the
 * bytes are those of the kernel's own scripts/sign-file. To be done before compression.
 *
 * Throws FormatError: `carrier-signed` for a module that is signed already, `carrier-key` for a key
 * or certificate that cannot be read, are of another kind than RSA and EC, or do not belong
 * together.
 */
export function signModule(module: Uint8Array, signer: ModuleSigner): Uint8Array {
  if (isSigned(module)) throw new FormatError('carrier-signed', 'the module is signed already');
  const { key, certificate } = readKeys(signer);
  const hash = signer.hash ?? 'sha256';
  const isRsa = key.asymmetricKeyType === 'rsa';
  const signature = sign(hash, module, key);
  const message = signedData(certificate, {
    hash: HASHES[hash].hash,
    // RSA's parameters are NULL, ECDSA has none (RFC 3370, RFC 5754).
    algorithm: isRsa ? algorithm(RSA, new Null()) : algorithm(HASHES[hash].ecdsa),
    signature,
  });
  // struct module_signature: algo, hash, id_type, signer_len, key_id_len, pad[3], __be32 sig_len.
  const trailer = Buffer.alloc(12);
  trailer[2] = ID_PKCS7;
  trailer.writeUInt32BE(message.length, 8);
  return new Uint8Array(Buffer.concat([module, message, trailer, Buffer.from(MAGIC, 'latin1')]));
}

/** Whether a signature is appended; not whether anyone trusts it. */
export function isSigned(module: Uint8Array): boolean {
  const end = module.subarray(Math.max(0, module.length - MAGIC.length));
  return Buffer.from(end).toString('latin1') === MAGIC;
}

function readKeys(signer: ModuleSigner): { key: KeyObject; certificate: X509Certificate } {
  let key: KeyObject;
  let certificate: X509Certificate;
  try {
    key = createPrivateKey(signer.key);
    certificate = new X509Certificate(signer.certificate);
  } catch (cause) {
    const message = 'the key or its certificate cannot be read';
    throw new FormatError('carrier-key', message, {}, { cause });
  }
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
    throw new FormatError('carrier-key', `a key of kind ${key.asymmetricKeyType ?? 'none'}`);
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new FormatError('carrier-key', 'the key does not belong to the certificate');
  }
  return { key, certificate };
}

interface Signed {
  readonly hash: string;
  readonly algorithm: Sequence;
  readonly signature: Uint8Array;
}

/** ContentInfo with SignedData of one signer (RFC 2315, version 1). */
function signedData(certificate: X509Certificate, signed: Signed): Uint8Array {
  const signerInfo = new Sequence({
    value: [
      new Integer({ value: 1 }),
      issuerAndSerial(certificate),
      algorithm(signed.hash),
      signed.algorithm,
      new OctetString({ valueHex: toArrayBuffer(signed.signature) }),
    ],
  });
  const content = new Sequence({
    value: [
      new Integer({ value: 1 }),
      new Asn1Set({ value: [algorithm(signed.hash)] }),
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

function algorithm(identifier: string, parameters?: BaseBlock): Sequence {
  const value = new ObjectIdentifier({ value: identifier });
  return new Sequence({ value: parameters ? [value, parameters] : [value] });
}

/** Taken from the certificate as it stands: Certificate, TBSCertificate, [version], serial, …, issuer. */
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
