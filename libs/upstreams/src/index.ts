/**
 * Upstreams: sources of kernels that nobody uploaded, each a module behind the port `Upstream` of
 * libs/depot. A failure of an upstream is a value (`Miss`), never an exception: the depot remembers
 * it and reports it to clients.
 *
 * archive: which packages of a Debian archive or an RPM repository have a kernel's debug
 * information, for the source `packages` and for imports. To add a kind of archive: a folder beside
 * these, which gives ArchiveItems. To add a distribution's packages: a line in
 * debian/kernel-package.ts, or NAME of rpm/read-repository.ts.
 *
 * To add a kind of upstream: a folder in sources, its line in `SOURCE_KINDS` (kinds.ts), and
 * describeUpstream of @btf-depot/testing in its tests. One with a URL reads with `readHttp`, which
 * keeps the limits.
 */
export { ArchiveError, type ArchiveCode } from './archive/errors.ts';
export { archiveNames, type ArchiveItem } from './archive/item.ts';
export { placeOf, type Place } from './archive/place.ts';
export { type ArchiveReading, type Unpacked } from './archive/reading.ts';
export { type Trust } from './archive/signatures.ts';
export { readDebian, type DebianChoice } from './archive/debian/read-archive.ts';
export { readRpm, type RpmChoice } from './archive/rpm/read-repository.ts';
export { download, type Downloaded, type DownloadOptions } from './download.ts';
export { readHttp, readWhole, type HttpAnswer, type ReadOptions } from './http/read.ts';
export { checkLiteral, PrivateAddress, publicLookup } from './http/public-address.ts';
export { depotId, MAX_HOPS, viaHeader, viaOf } from './http/via.ts';
export { SOURCE_KINDS, type SourceKind, type SourceKindName, type SourceOptions } from './kinds.ts';
export { UPSTREAM_LIMITS, type UpstreamLimits } from './limits.ts';
export { untilWhole, writeAt, type Patience } from './until-whole.ts';
export {
  BadUpstreams,
  openUpstream,
  parseUpstreams,
  upstreamsOfDebuginfod,
  type UpstreamAddress,
} from './setting.ts';
