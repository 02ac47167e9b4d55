export interface Listed {
  key: string;
  /** Without quotes. */
  etag: string;
  /** Bytes. */
  size: number;
  /** When it was last written. */
  at: Date;
}

export interface Page {
  listed: Listed[];
  /** Token of the next page; undefined: this is the last. */
  next: string | undefined;
}

export interface PageQuery {
  prefix: string;
  /** Of the page before; empty: none. */
  token: string;
  /** The listing begins after this key; empty: at the first. */
  after: string;
}

/** The query of a page (`ListObjectsV2`), sorted as the signature needs it. */
export function pageQuery({ prefix, token, after }: PageQuery): string {
  const values = {
    'continuation-token': token,
    'encoding-type': 'url',
    'list-type': '2',
    'max-keys': '1000',
    prefix,
    'start-after': after,
  };
  return Object.entries(values)
    .filter(([name, value]) => value !== '' || name === 'prefix')
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join('&');
}

/** RFC 3986, as signatures want it. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Parses the answer to `pageQuery`. The client's general XML reader blocks the process ten times as
 * long.
 *
 * @throws Error if it is something else.
 */
export function parsePage(xml: string): Page {
  const [head = '', ...contents] = xml.split('<Contents>');
  if (!head.includes('<ListBucketResult')) throw new Error('the answer is not a listing');
  const listed = contents.map((entry): Listed => {
    const at = new Date(textOf(entry, 'LastModified'));
    const size = Number(textOf(entry, 'Size'));
    if (!Number.isSafeInteger(size) || Number.isNaN(at.valueOf())) {
      throw new Error('the listing has an entry without size or time');
    }
    // Some servers take a plus sign for a space.
    const key = decodeURIComponent(textOf(entry, 'Key').replaceAll('+', ' '));
    return { key, etag: textOf(entry, 'ETag').replaceAll('"', ''), size, at };
  });
  // Some servers send it before the entries, others after them.
  const around = head + xml.slice(xml.lastIndexOf('</Contents>'));
  const isLast = textOf(around, 'IsTruncated') !== 'true';
  return { listed, next: isLast ? undefined : textOf(around, 'NextContinuationToken') };
}

function textOf(xml: string, name: string): string {
  const tag = `<${name}>`;
  const start = xml.indexOf(tag);
  const end = xml.indexOf('</', start);
  if (start < 0 || end < 0) throw new Error(`the listing has no ${name}`);
  const text = xml.slice(start + tag.length, end);
  return text.includes('&') ? unescaped(text) : text;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#34': '"',
  '#39': "'",
};

function unescaped(text: string): string {
  return text.replace(/&([^;]*);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
