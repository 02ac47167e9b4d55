import { readRpmSignature, type RpmSignature } from '@btf-depot/unpack';
import { openFileSource } from './file-source.ts';

/** What the signature of an RPM in a file covers. @throws FormatError if it is malformed. */
export function rpmSignature(path: string): RpmSignature {
  using source = openFileSource(path);
  return readRpmSignature(source);
}
