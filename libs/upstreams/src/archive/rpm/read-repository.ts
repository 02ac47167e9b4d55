import type { SaxesTagPlain } from 'saxes';
import { ArchiveError } from '../errors.ts';
import type { ArchiveItem } from '../item.ts';
import type { Place } from '../place.ts';
import type { ArchiveReading } from '../reading.ts';
import { buildIdsInFiles } from './build-ids-in-files.ts';
import { checkPackage } from './check-package.ts';
import { eachElement, readList, readRepomd } from './repomd.ts';

const MAX_LIST = 512 * 2 ** 20;

/** Packages with a kernel's debug information, without those of its tools. */
const NAME = /^kernel(?:-(?!tools|selftests|headers|devel|doc|libs|common)[a-z0-9_]+)*-debuginfo$/;

export interface RpmChoice {
  /** RPM's names; absent: all. */
  architectures?: readonly string[] | undefined;
  /**
   * Read the list of all files, which is large, if the list of packages lacks the build IDs of a
   * kernel's package.
   */
  buildIds?: boolean | undefined;
}

/**
 * The packages of kernels' debug information in an RPM repository (createrepo_c(8)): repomd.xml has
 * the hash of the list of packages, and the list that of each package. `repomd.xml.asc` is the
 * signature of a repository; without it, each package must be signed itself.
 *
 * @throws ArchiveError `no-archive`, `unsigned`, `bad-index`, `digest-mismatch`.
 */
export async function* readRpm(
  place: Place,
  { architectures, buildIds }: RpmChoice,
  reading: ArchiveReading,
): AsyncGenerator<ArchiveItem> {
  const { unpacked, signal, trust } = reading;
  const { lists, isSigned } = await readRepomd(place, reading);
  const primary = lists.get('primary');
  if (!primary) {
    const what = new URL('repodata/repomd.xml', place.url).href;
    throw new ArchiveError('bad-index', `${what}: names no list of packages with a SHA-2`);
  }
  const items = await packagesOf(unpacked(await readList(place, primary, MAX_LIST, signal)), place);
  const areSigned = isSigned || trust.unsigned === true;
  const chosen = items
    .filter((item) => architectures?.includes(item.architecture) ?? true)
    .map((item) => (areSigned ? item : verifiable(item, reading)));
  const silent = chosen.filter((item) => !item.buildIds).map(({ sha256 }) => sha256);
  const files = buildIds && silent.length > 0 ? lists.get('filelists') : undefined;
  if (!files) {
    yield* chosen;
    return;
  }
  const list = unpacked(await readList(place, files, MAX_LIST, signal));
  const found = await buildIdsInFiles(list, place, new Set(silent));
  for (const item of chosen) yield { ...item, buildIds: item.buildIds ?? found.get(item.sha256) };
}

function verifiable(item: ArchiveItem, reading: ArchiveReading): ArchiveItem {
  const what = item.place.url.href + item.path;
  return { ...item, verify: (path) => checkPackage(path, what, reading) };
}

/** The fields of an element `package` that are read. */
interface Package {
  buildIds: Set<string>;
  fields: Record<string, string>;
}

async function packagesOf(
  primary: AsyncIterable<Uint8Array>,
  place: Place,
): Promise<ArchiveItem[]> {
  const items: ArchiveItem[] = [];
  let found: Package | undefined;
  await eachElement(primary, place, {
    open(tag) {
      if (tag.name === 'package') found = { buildIds: new Set(), fields: {} };
      else if (found) readTag(tag, found);
    },
    close(name, text) {
      if (!found) return;
      if (name === 'name' || name === 'arch') found.fields[name] ??= text;
      else if (name === 'checksum') found.fields.checksum = text;
      else if (name === 'package') {
        const item = itemOf(found, place);
        if (item) items.push(item);
        found = undefined;
      }
    },
  });
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
  // In uname's release, variants such as kernel-rt have their name after a `+`.
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
