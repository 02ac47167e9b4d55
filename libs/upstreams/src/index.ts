/**
 * Where the depot has kernels from that nobody sent: upstreams, each a module behind the port
 * `Upstream` of libs/depot. What an upstream does wrong is a value (`Miss`), never an exception:
 * it is remembered, and told to whoever asks.
 *
 * To add a kind of upstream: a folder in sources, its line in `SOURCE_KINDS` (kinds.ts), and
 * describeUpstream of @btf-depot/testing in its tests. One that has a URL reads with `readHttp`,
 * which keeps the limits.
 */
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
