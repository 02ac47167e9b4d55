import { createHash } from 'node:crypto';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { ArchiveError } from '../errors.ts';
import type { ArchiveItem } from '../item.ts';
import type { Place } from '../place.ts';
import { checkSignature, type Trust } from '../signatures.ts';
import { unpacked } from '../unpacked.ts';

const MAX_REPOMD = 2 ** 20;
const MAX_PRIMARY = 512 * 2 ** 20;

/** Packages with a kernel's debug information, and not with that of its tools. */
const NAME = /^kernel(?:-(?!tools|selftests|headers|devel|doc|libs|common)[a-z0-9_]+)*-debuginfo$/;

/**
 * The packages of kernels' debug information in an RPM repository (createrepo_c(8)): repomd.xml
 * names the hash of the list of packages, and that the hash of each package. A repository is
 * signed by `repomd.xml.asc`.
 *
 * @throws ArchiveError `no-archive`, `unsigned`, `bad-index`, `digest-mismatch`.
 */
export async function* readRpm(
  place: Place,
  architectures: readonly string[],
  trust: Trust,
  signal: AbortSignal,
): AsyncGenerator<ArchiveItem> {
  const what = new URL('repodata/repomd.xml', place.url).href;
  const repomd = await place.whole('repodata/repomd.xml', MAX_REPOMD, signal);
  if (!repomd) throw new ArchiveError('no-archive', `${what} is not there`);
  if (!trust.unsigned) {
    const signature = await place.whole('repodata/repomd.xml.asc', MAX_REPOMD, signal);
    if (!signature) {
      const how = '--unsigned takes it: then it is as true as the connection to it';
      throw new ArchiveError('unsigned', `${what} is not signed; ${how}`);
    }
    await checkSignature(repomd, signature, what, trust);
  }
  const { href, type, checksum } = primaryOf(repomd, what);
  const primary = await place.whole(href, MAX_PRIMARY, signal);
  if (!primary) throw new ArchiveError('bad-index', `${place.url.href}${href} is not there`);
  if (createHash(type).update(primary).digest('hex') !== checksum) {
    throw new ArchiveError('digest-mismatch', `${place.url.href}${href} has another ${type}`);
  }
  for (const found of await packagesOf(primary, place)) {
    if (architectures.includes(found.architecture)) yield found;
  }
}

const KNOWN_SUMS = ['sha256', 'sha384', 'sha512'];

function primaryOf(repomd: Uint8Array, what: string) {
  let isPrimary = false;
  let href = '';
  let type = '';
  let checksum = '';
  parse(what, (parser) => {
    parser.on('opentag', ({ name, attributes }) => {
      if (name === 'data') isPrimary = attributes.type === 'primary';
      else if (isPrimary && name === 'location') href = attributes.href ?? '';
      else if (isPrimary && name === 'checksum') type = attributes.type ?? '';
    });
    let text = '';
    parser.on('text', (piece) => (text = piece));
    parser.on('closetag', ({ name }) => {
      if (isPrimary && name === 'checksum') checksum = text.trim();
    });
    parser.write(new TextDecoder().decode(repomd)).close();
  });
  if (href === '' || !KNOWN_SUMS.includes(type)) {
    throw new ArchiveError('bad-index', `${what}: names no list of packages with a SHA-2`);
  }
  return { href, type, checksum };
}

/** What is read of an element `package`. */
interface Package {
  buildIds: Set<string>;
  fields: Record<string, string>;
}

async function packagesOf(primary: Uint8Array, place: Place): Promise<ArchiveItem[]> {
  const items: ArchiveItem[] = [];
  const parser = new SaxesParser();
  let failed: Error | undefined;
  let found: Package | undefined;
  let text = '';
  parser.on('error', (error) => (failed ??= error));
  parser.on('opentag', (tag) => {
    text = '';
    if (tag.name === 'package') found = { buildIds: new Set(), fields: {} };
    else if (found) readTag(tag, found);
  });
  parser.on('text', (piece) => (text += piece));
  parser.on('closetag', ({ name }) => {
    if (!found) return;
    if (name === 'name' || name === 'arch') found.fields[name] ??= text.trim();
    else if (name === 'checksum') found.fields.checksum = text.trim();
    else if (name === 'package') {
      const item = itemOf(found, place);
      if (item) items.push(item);
      found = undefined;
    }
  });
  const decoder = new TextDecoder();
  for await (const chunk of unpacked(primary)) {
    parser.write(decoder.decode(chunk, { stream: true }));
    if (failed) break;
  }
  if (!failed) parser.close();
  if (failed) throw new ArchiveError('bad-index', `${place.url.href}: ${failed.message}`);
  return items;
}

function readTag({ name, attributes }: SaxesTagPlain, { fields, buildIds }: Package): void {
  const keep = (key: string, value: string | undefined) => {
    if (value !== undefined) fields[key] = value;
  };
  if (name === 'version') {
    keep('ver', attributes.ver);
    keep('rel', attributes.rel);
  } else if (name === 'checksum') keep('sum', attributes.type);
  else if (name === 'location') keep('href', attributes.href);
  else if (name === 'size') keep('size', attributes.package);
  else if (name === 'time') keep('build', attributes.build);
  else if (name === 'rpm:entry' && attributes.name === 'debuginfo(build-id)') {
    if (attributes.ver !== undefined) buildIds.add(attributes.ver);
  }
}

function itemOf({ fields, buildIds }: Package, place: Place): ArchiveItem | undefined {
  const { name = '', arch = '', ver = '', rel = '', href = '', size, sum, checksum = '' } = fields;
  if (!NAME.test(name) || href === '' || sum !== 'sha256') return undefined;
  // Variants, as kernel-rt, have their own name behind a `+` in what uname says.
  const variant = name.replace(/^kernel-?|-?debuginfo$/g, '');
  const release = `${ver}-${rel}.${arch}${variant === '' ? '' : `+${variant}`}`;
  return {
    place,
    path: href,
    name,
    release,
    sha256: checksum,
    architecture: arch,
    version: `${ver}-${rel}`,
    size: Number(size),
    built: fields.build === undefined ? undefined : new Date(Number(fields.build) * 1000),
    buildIds: buildIds.size > 0 ? buildIds : undefined,
  };
}

/** @throws ArchiveError `bad-index` for what is no XML. */
function parse(what: string, use: (parser: SaxesParser) => void): void {
  let failed: Error | undefined;
  const parser = new SaxesParser();
  parser.on('error', (error) => (failed ??= error));
  use(parser);
  if (failed) throw new ArchiveError('bad-index', `${what}: ${failed.message}`);
}
