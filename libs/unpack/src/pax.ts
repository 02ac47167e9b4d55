/** What of a pax extended header matters here. */
export interface PaxFields {
  path?: string;
  size?: number;
}

/** Records of `LENGTH KEY=VALUE\n`, LENGTH in decimal and of the whole (POSIX.1, pax). */
export function readPax(bytes: Uint8Array): PaxFields {
  const text = Buffer.from(bytes).toString('latin1');
  const fields: PaxFields = {};
  for (let at = 0; at < text.length;) {
    const length = parseInt(text.slice(at, at + 20), 10);
    if (!(length > 4) || at + length > text.length) return fields;
    const record = text.slice(text.indexOf(' ', at) + 1, at + length - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (key === 'path') fields.path = value;
    if (key === 'size' && /^\d{1,15}$/.test(value)) fields.size = Number(value);
    at += length;
  }
  return fields;
}
