import { createHash } from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import type { ArchiveItem } from '../item.ts';
import type { Place } from '../place.ts';
import type { ArchiveReading, Unpacked } from '../reading.ts';
import { checkSignature, signedText, type Trust } from '../signatures.ts';
import { releaseOfPackage } from './kernel-package.ts';
import { parseStanza, stanzas, type Stanza } from './stanzas.ts';

/** Chooses the parts of an archive to read. */
export interface DebianChoice {
  suites: readonly string[];
  /** Debian's names; absent: all. */
  architectures?: readonly string[] | undefined;
  /** By default `main`, or all if there is no such. */
  components?: readonly string[] | undefined;
}

const MAX_RELEASE = 4 * 2 ** 20;
const MAX_INDEX = 256 * 2 ** 20;

/** Smallest first: their contents are equal. */
const FORMS = ['.xz', '.zst', '.gz', ''];

/**
 * The packages of kernels' debug information in a Debian archive (the repository format of
 * wiki.debian.org/DebianRepository/Format): a signed Release has the hash of each index, and the
 * index that of each package.
 *
 * @throws ArchiveError `no-archive`, `unsigned`, `expired`, `bad-index`, `digest-mismatch`.
 */
export async function* readDebian(
  place: Place,
  { suites, architectures, components }: DebianChoice,
  { trust, unpacked, signal }: ArchiveReading,
): AsyncGenerator<ArchiveItem> {
  for (const suite of suites) {
    const release = await readRelease(place, suite, trust, signal);
    const listed = words(release.get('components'));
    const chosen = components ?? (listed.includes('main') ? ['main'] : listed);
    const hashes = hashesOf(release);
    for (const component of chosen) {
      for (const architecture of architectures ?? words(release.get('architectures'))) {
        const folder = `${component}/binary-${architecture}`;
        const index = await readIndex(place, { suite, folder, release, hashes }, signal);
        if (index) yield* itemsOf(index, place, unpacked);
      }
    }
  }
}

/** The fields of a Release with a valid signature. */
async function readRelease(
  place: Place,
  suite: string,
  trust: Trust,
  signal: AbortSignal,
): Promise<Stanza> {
  const at = (name: string) => `dists/${suite}/${name}`;
  const read = (name: string) => place.whole(at(name), MAX_RELEASE, signal);
  const what = (name: string) => new URL(at(name), place.url).href;
  const inline = await read('InRelease');
  const plain = inline ? undefined : await read('Release');
  const file = inline ?? plain;
  if (!file) {
    throw new ArchiveError('no-archive', `${what('InRelease')} is not there: is ${suite} a suite?`);
  }
  if (trust.unsigned) return parseStanza(withoutArmour(file));
  if (inline) {
    return current(
      parseStanza(textOf(await signedText(inline, what('InRelease'), trust))),
      what(''),
    );
  }
  const signature = await read('Release.gpg');
  if (!signature) {
    throw new ArchiveError('unsigned', `${what('Release')} is not signed`);
  }
  await checkSignature(file, signature, what('Release'), trust);
  return current(parseStanza(textOf(file)), what(''));
}

/** An old list, still with its signature, would hide newer packages. */
function current(release: Stanza, what: string): Stanza {
  const until = Date.parse(release.get('valid-until') ?? '');
  if (!(until < Date.now())) return release;
  throw new ArchiveError('expired', `${what} was valid until ${new Date(until).toISOString()}`);
}

function withoutArmour(file: Uint8Array): string {
  const text = textOf(file);
  const [, body] =
    /^-----BEGIN PGP SIGNED MESSAGE-----\r?\n[^]*?\r?\n\r?\n([^]*?)-----BEGIN PGP/.exec(text) ?? [];
  return body ?? text;
}

interface Listed {
  sha256: string;
  size: number;
}

function hashesOf(release: Stanza): ReadonlyMap<string, Listed> {
  const hashes = new Map<string, Listed>();
  for (const line of (release.get('sha256') ?? '').split('\n')) {
    const [sha256 = '', size = '', path] = line.trim().split(/\s+/);
    if (path !== undefined && /^[0-9a-f]{64}$/.test(sha256))
      hashes.set(path, { sha256, size: Number(size) });
  }
  return hashes;
}

interface Index {
  suite: string;
  folder: string;
  release: Stanza;
  hashes: ReadonlyMap<string, Listed>;
}

/** Undefined: an architecture or component that the suite lacks. */
async function readIndex(
  place: Place,
  { suite, folder, release, hashes }: Index,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const form = FORMS.find((one) => hashes.has(`${folder}/Packages${one}`));
  const listed = form === undefined ? undefined : hashes.get(`${folder}/Packages${form}`);
  if (form === undefined || !listed) return undefined;
  const named = `dists/${suite}/${folder}/Packages${form}`;
  // The path by hash stays valid while the archive is being updated.
  const byHash = `dists/${suite}/${folder}/by-hash/SHA256/${listed.sha256}`;
  const paths = release.get('acquire-by-hash') === 'yes' ? [byHash, named] : [named];
  let bytes: Uint8Array | undefined;
  for (const path of paths) bytes ??= await place.whole(path, MAX_INDEX, signal);
  if (!bytes) throw new ArchiveError('bad-index', `${new URL(named, place.url).href} is not there`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== listed.sha256) {
    const what = new URL(named, place.url).href;
    throw new ArchiveError(
      'digest-mismatch',
      `${what} has SHA-256 ${sha256}, Release says ${listed.sha256}`,
    );
  }
  return bytes;
}

async function* itemsOf(
  index: Uint8Array,
  place: Place,
  unpacked: Unpacked,
): AsyncGenerator<ArchiveItem> {
  for await (const text of stanzas(unpacked(index))) {
    // Most packages are not of kernels: they are not parsed.
    if (!/^Package: linux-image-/m.test(text)) continue;
    const item = itemOf(parseStanza(text), place);
    if (item) yield item;
  }
}

function itemOf(stanza: Stanza, place: Place): ArchiveItem | undefined {
  const field = (name: string) => stanza.get(name) ?? '';
  const name = field('package');
  const release = releaseOfPackage(name);
  const [path, size, sha256] = [field('filename'), Number(field('size')), field('sha256')];
  if (release === undefined || path === '' || !(size > 0) || !/^[0-9a-f]{64}$/.test(sha256))
    return undefined;
  const buildIds = words(stanza.get('build-ids'));
  return {
    place,
    path,
    name,
    release,
    size,
    sha256,
    version: field('version'),
    architecture: field('architecture'),
    buildIds: buildIds.length > 0 ? new Set(buildIds) : undefined,
  };
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
