import { FormatError } from '@btf-depot/bytes';
import { hasText, type ArchiveFormat } from '../format.ts';

/** Packages of apk-tools 3 are recognised, not read: they are a database format. */
export const apk3: ArchiveFormat = {
  kind: 'archive',
  name: 'apk3',
  begins: (head) => /^[.dc]$/.test(String.fromCharCode(head[3] ?? 0)) && hasText(head, 0, 'ADB'),
  async *members() {
    await Promise.resolve();
    throw new FormatError(
      'apk3-unsupported',
      'this is a package of apk-tools 3; extract it first: apk extract --allow-untrusted --destination DIR FILE',
    );
  },
};
