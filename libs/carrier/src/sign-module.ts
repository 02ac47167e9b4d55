import { FormatError } from '@btf-depot/bytes';
import {
  createHash,
  createPrivateKey,
  sign,
  verify,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { detachedSignature, isSignedData, type ModuleHash } from './pkcs7.ts';

/** The certificate that the kernel trusts, and the kind of digest. */
export interface ModuleCertificate {
  /** The certificate whose public key the kernel trusts, as PEM. */
  readonly certificate: string;
  /** Default sha256. */
  readonly hash?: ModuleHash;
}

export interface ModuleSigner extends ModuleCertificate {
  /** Private key, RSA or EC, as PEM. */
  readonly key: string;
}

/** Returns the raw signature of a digest, by a key that only this function can use. */
export type SignDigest = (digest: Uint8Array, hash: ModuleHash) => Promise<Uint8Array>;

const MAGIC = '~Module signature appended~\n';
/** PKEY_ID_PKCS7, the only kind that kernels take since 4.3 (include/linux/module_signature.h). */
const ID_PKCS7 = 2;
/** Bytes of struct module_signature. */
const TRAILER = 12;

/**
 * A module with a signature appended, as the kernel checks it (mod_verify_sig). With an RSA key the
 * bytes equal those of the kernel's own scripts/sign-file. Sign before compression.
 *
 * Throws FormatError: `carrier-signed` for a module that is signed already, `carrier-key` for a key
 * or certificate that cannot be read, that is neither RSA nor EC, or that does not match the other.
 */
export function signModule(module: Uint8Array, signer: ModuleSigner): Uint8Array {
  const { hash = 'sha256' } = signer;
  const certificate = readCertificate(signer);
  const key = readKey(signer, certificate);
  checkUnsigned(module);
  return withSignature(module, { certificate, hash, signature: sign(hash, module, key) });
}

/**
 * The same with a remote signer, which gets the digest and returns the raw signature. Rejects as
 * `signModule` throws; with `carrier-key` also for a signature that the certificate's key did not
 * make.
 */
export async function signModuleBy(
  module: Uint8Array,
  trusted: ModuleCertificate,
  signDigest: SignDigest,
): Promise<Uint8Array> {
  const { hash = 'sha256' } = trusted;
  const certificate = readCertificate(trusted);
  checkUnsigned(module);
  const digest = createHash(hash).update(module).digest();
  const signature = await signDigest(digest, hash);
  if (!verify(hash, module, certificate.publicKey, signature)) {
    throw new FormatError('carrier-key', "the signature is not one by the certificate's key");
  }
  return withSignature(module, { certificate, hash, signature });
}

/** Throws `carrier-key` as `signModule` does: call it before there is anything to sign. */
export function checkSigner(signer: ModuleCertificate & { readonly key?: string }): void {
  const certificate = readCertificate(signer);
  if (signer.key !== undefined) readKey({ ...signer, key: signer.key }, certificate);
}

/**
 * A certificate as PEM, from a file in PEM or, as in kernel builds, DER; anything else is returned
 * as it is.
 */
export function certificatePem(file: Uint8Array): string {
  const text = Buffer.from(file).toString('latin1');
  // A SEQUENCE with a length of two bytes.
  return file[0] === 0x30 && file[1] === 0x82 ? new X509Certificate(file).toString() : text;
}

/** Whether a signature is appended, trusted or not. */
export function isSigned(module: Uint8Array): boolean {
  const end = module.subarray(Math.max(0, module.length - MAGIC.length));
  return Buffer.from(end).toString('latin1') === MAGIC;
}

/** The module without its appended signature, if any. */
export function unsigned(module: Uint8Array): Uint8Array {
  if (!isSigned(module)) return module;
  const at = module.length - MAGIC.length - TRAILER;
  const view = new DataView(module.buffer, module.byteOffset, module.byteLength);
  const length = at < 0 ? 0 : view.getUint32(at + 8);
  return module.subarray(0, Math.max(0, at - length));
}

/** Most bytes of a signature: a message of RSA 4096 has some 700, more with certificates. */
const MOST_SIGNATURE = 65_536;

/**
 * The module without its signature, if any, as the kernel removes it (mod_verify_sig). The removed
 * part must be a signature and nothing else; trust is not checked. Throws FormatError
 * `carrier-signature`.
 */
export function withoutSignature(module: Uint8Array): Uint8Array {
  if (!isSigned(module)) return module;
  const at = module.length - MAGIC.length - TRAILER;
  const trailer = Buffer.from(module.subarray(Math.max(at, 0), at + TRAILER));
  const length = at < 0 ? 0 : trailer.readUInt32BE(8);
  const isPlain =
    at >= 0 && trailer.subarray(0, 8).equals(Buffer.of(0, 0, ID_PKCS7, 0, 0, 0, 0, 0));
  if (isPlain && length <= Math.min(at, MOST_SIGNATURE)) {
    if (isSignedData(module.slice(at - length, at))) return module.subarray(0, at - length);
  }
  throw new FormatError('carrier-signature', 'what is appended is no signature of a module');
}

function checkUnsigned(module: Uint8Array): void {
  if (isSigned(module)) throw new FormatError('carrier-signed', 'the module is signed already');
}

function withSignature(module: Uint8Array, { certificate, hash, signature }: Signing): Uint8Array {
  const kind = kindOf(certificate.publicKey);
  const message = detachedSignature(certificate, { hash, kind, signature });
  // struct module_signature: algo, hash, id_type, signer_len, key_id_len, pad[3], __be32 sig_len.
  const trailer = Buffer.alloc(TRAILER);
  trailer[2] = ID_PKCS7;
  trailer.writeUInt32BE(message.length, 8);
  return new Uint8Array(Buffer.concat([module, message, trailer, Buffer.from(MAGIC, 'latin1')]));
}

interface Signing {
  readonly certificate: X509Certificate;
  readonly hash: ModuleHash;
  readonly signature: Uint8Array;
}

function readCertificate({ certificate }: ModuleCertificate): X509Certificate {
  try {
    const read = new X509Certificate(certificate);
    kindOf(read.publicKey);
    return read;
  } catch (cause) {
    throw unreadable('the certificate', cause);
  }
}

function readKey({ key: pem }: ModuleSigner, certificate: X509Certificate): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw unreadable('the key', cause);
  }
  if (certificate.checkPrivateKey(key)) return key;
  throw new FormatError('carrier-key', 'the key does not belong to the certificate');
}

function kindOf({ asymmetricKeyType: kind }: KeyObject): 'rsa' | 'ec' {
  if (kind === 'rsa' || kind === 'ec') return kind;
  throw new FormatError('carrier-key', `a key of kind ${kind ?? 'none'}: kernels take RSA and EC`);
}

function unreadable(what: string, cause: unknown): FormatError {
  if (cause instanceof FormatError) return cause;
  return new FormatError('carrier-key', `${what} cannot be read`, {}, { cause });
}
