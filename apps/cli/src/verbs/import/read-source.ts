import { existsSync, statSync } from 'node:fs';
import { machine } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { decompressAny } from '@btf-depot/codec';
import { rpmSignature } from '@btf-depot/compute';
import type { WantedKernel } from '@btf-depot/contracts';
import {
  depotSource,
  folderSource,
  knownArchives,
  readFolder,
  type ExportSource,
  type KnownArchive,
} from '@btf-depot/exchange';
import { wantedKind } from '@btf-depot/unpack';
import {
  archiveNames,
  placeOf,
  readDebian,
  readRpm,
  type ArchiveItem,
  type Trust,
} from '@btf-depot/upstreams';
import { openDepots } from '../../options/options.ts';
import { note } from '../../terminal/output.ts';
import { UsageError } from '../../options/usage-error.ts';

/** Bytes of an index that is no longer compressed. */
const MAX_INDEX = 2 ** 30;

/** A source of imports. */
export type ImportSource = { name: string; isSigned: boolean } & (
  { items: AsyncIterable<ArchiveItem> } | { depot: ExportSource }
);

export interface SourceFlags {
  suite: string[];
  arch: string[];
  component?: string[] | undefined;
  /** Kernels are chosen by build IDs. */
  buildIds: boolean;
  trust: Trust;
}

/**
 * Opens the source that a word names: a Debian archive, an RPM repository, a depot, an export of
 * one, or a folder of files.
 * @throws UsageError if it is none of these.
 */
export async function readSource(
  word: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<ImportSource> {
  const { suite, trust, buildIds } = flags;
  const isSigned = trust.unsigned !== true;
  const archs = flags.arch.length > 0 ? flags.arch : [machine()];
  const architectures = [...new Set(archs.flatMap((arch) => [arch, ...archiveNames(arch)]))];
  const unpacked = (bytes: Uint8Array) => decompressAny(bytes, { limit: MAX_INDEX });
  const reading = { trust, unpacked, rpmSignature, signal };
  const debian = (suites: string[]): ImportSource => {
    const choice = { suites, architectures, components: flags.component };
    return {
      name: nameOf(word),
      isSigned,
      items: readDebian(placeOf(word), choice, reading),
    };
  };
  const rpm = (): ImportSource => {
    const items = readRpm(placeOf(word), { architectures, buildIds }, reading);
    return { name: nameOf(word), isSigned, items };
  };
  if (/^https?:\/\//.test(word)) {
    if (suite.length > 0) return debian(suite);
    const place = placeOf(word);
    if (await place.whole('repodata/repomd.xml', 2 ** 20, signal)) return rpm();
    const depot = depotSource(openDepots(word), (count) =>
      note(`${word} lacks ${count} kernels, whose records it cannot read`),
    );
    return { name: nameOf(word), isSigned: false, depot };
  }
  if (!existsSync(word) || !statSync(word).isDirectory()) {
    throw new UsageError(`${word}: name a URL or a folder; \`push\` sends single files`);
  }
  if (existsSync(join(word, 'dists'))) {
    if (suite.length > 0) return debian(suite);
    throw new UsageError(`${word} is a Debian archive: name suites of it with --suite`);
  }
  if (existsSync(join(word, 'repodata'))) return rpm();
  if (existsSync(join(word, 'v1/kernels'))) {
    return { name: nameOf(word), isSigned: false, depot: folderSource(word) };
  }
  const isWanted = (name: string) => ['kernel', 'package'].includes(wantedKind(name) ?? '');
  return { name: nameOf(word), isSigned: false, items: readFolder(word, isWanted) };
}

/** Known archives of these kernels. @throws UsageError if none is known. */
export function archivesOf(wanted: readonly WantedKernel[]): Map<string, KnownArchive> {
  const archives = new Map<string, KnownArchive>();
  for (const { release = '', arch = machine() } of wanted) {
    for (const archive of knownArchives(release, arch)) archives.set(archive.url, archive);
  }
  if (archives.size > 0) return archives;
  const releases = wanted.map(({ release, buildId }) => release ?? buildId).join(', ');
  throw new UsageError(`no archive is known for ${releases}: name one, as a URL or a folder`);
}

/** The principal's name: the host, or the folder. */
function nameOf(word: string): string {
  return URL.parse(word)?.host ?? basename(resolve(word));
}
