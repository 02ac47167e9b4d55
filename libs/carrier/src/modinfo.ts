import { ByteWriter, FormatError } from '@btf-depot/bytes';

/** One `key=value` of a module's `.modinfo` section. */
export interface ModinfoEntry {
  readonly key: string;
  readonly value: string;
}

const SECTION = { section: '.modinfo' };

/**
 * A `.modinfo` section: `key=value` strings, each with a NUL (MODULE_INFO in
 * include/linux/moduleparam.h). Throws FormatError `carrier-modinfo` for a value with control
 * characters or non-ASCII ones: it would end or forge a field.
 */
export function writeModinfo(entries: readonly ModinfoEntry[]): Uint8Array {
  const writer = new ByteWriter('little');
  for (const { key, value } of entries) {
    if (!/^[\x20-\x7e]*$/.test(value)) {
      const message = `${key} has characters that a modinfo field cannot hold`;
      throw new FormatError('carrier-modinfo', message, SECTION);
    }
    writer.bytes(Buffer.from(`${key}=${value}`, 'latin1')).u8(0);
  }
  return writer.finish();
}

/**
 * The fields of a `.modinfo` section in order; a key may occur more than once (`alias`). Padding
 * and strings without `=` are skipped, as in the kernel (get_next_modinfo).
 */
export function readModinfo(bytes: Uint8Array): ModinfoEntry[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.split('\0').flatMap((field) => {
    const equals = field.indexOf('=');
    return equals < 1 ? [] : [{ key: field.slice(0, equals), value: field.slice(equals + 1) }];
  });
}
