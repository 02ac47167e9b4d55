import { createHash } from 'node:crypto';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { ArchiveError } from '../errors.ts';
import type { Place } from '../place.ts';
import type { ArchiveReading } from '../reading.ts';
import { checkSignature } from '../signatures.ts';

const MAX_REPOMD = 2 ** 20;
const KNOWN_SUMS = ['sha256', 'sha384', 'sha512'];

/** A list of a repository, as given in repomd.xml. */
interface ListedData {
  href: string;
  /** Name of the checksum. */
  type: string;
  checksum: string;
}

/** The lists of a repository. */
export interface Repomd {
  /** By their types, `primary` and others. */
  lists: ReadonlyMap<string, ListedData>;
  /** A trusted key signed the lists. */
  isSigned: boolean;
}

/** @throws ArchiveError `no-archive`, `bad-index`; `unsigned` if a signature does not hold. */
export async function readRepomd(place: Place, { trust, signal }: ArchiveReading): Promise<Repomd> {
  const what = new URL('repodata/repomd.xml', place.url).href;
  const repomd = await place.whole('repodata/repomd.xml', MAX_REPOMD, signal);
  if (!repomd) throw new ArchiveError('no-archive', `${what} is not there`);
  const lists = parseRepomd(repomd, what);
  if (trust.unsigned) return { lists, isSigned: false };
  const signature = await place.whole('repodata/repomd.xml.asc', MAX_REPOMD, signal);
  if (!signature) return { lists, isSigned: false };
  await checkSignature(repomd, signature, what, trust);
  return { lists, isSigned: true };
}

function parseRepomd(repomd: Uint8Array, what: string): ReadonlyMap<string, ListedData> {
  const lists = new Map<string, ListedData>();
  let data: (ListedData & { of: string }) | undefined;
  let text = '';
  const parser = new SaxesParser();
  let failed: Error | undefined;
  parser.on('error', (error) => (failed ??= error));
  parser.on('opentag', ({ name, attributes }) => {
    text = '';
    if (name === 'data') {
      data = { of: attributes.type ?? '', href: '', type: '', checksum: '' };
    } else if (data && name === 'location') data.href = attributes.href ?? '';
    else if (data && name === 'checksum') data.type = attributes.type ?? '';
  });
  parser.on('text', (piece) => (text += piece));
  parser.on('closetag', ({ name }) => {
    if (data && name === 'checksum') data.checksum = text.trim();
    if (!data || name !== 'data') return;
    const { of, ...list } = data;
    if (list.href !== '' && KNOWN_SUMS.includes(list.type)) lists.set(of, list);
    data = undefined;
  });
  parser.write(new TextDecoder().decode(repomd)).close();
  if (failed) throw new ArchiveError('bad-index', `${what}: ${failed.message}`);
  return lists;
}

/** A list of the repository. @throws ArchiveError if its hash is wrong. */
export async function readList(
  place: Place,
  { href, type, checksum }: ListedData,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await place.whole(href, maxBytes, signal);
  if (!bytes) throw new ArchiveError('bad-index', `${place.url.href}${href} is not there`);
  if (createHash(type).update(bytes).digest('hex') === checksum) return bytes;
  throw new ArchiveError('digest-mismatch', `${place.url.href}${href} has another ${type}`);
}

export interface PackageListener {
  open: (tag: SaxesTagPlain) => void;
  close: (name: string, text: string) => void;
}

/** Calls back for each element of a list. @throws ArchiveError `bad-index` for invalid XML. */
export async function eachElement(
  chunks: AsyncIterable<Uint8Array>,
  place: Place,
  { open, close }: PackageListener,
): Promise<void> {
  const parser = new SaxesParser();
  let failed: Error | undefined;
  let text = '';
  parser.on('error', (error) => (failed ??= error));
  parser.on('opentag', (tag) => {
    text = '';
    open(tag);
  });
  parser.on('text', (piece) => (text += piece));
  parser.on('closetag', ({ name }) => close(name, text.trim()));
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    parser.write(decoder.decode(chunk, { stream: true }));
    if (failed) break;
  }
  if (!failed) parser.close();
  if (failed) throw new ArchiveError('bad-index', `${place.url.href}: ${failed.message}`);
}
