/**
 * The depot's use cases, and the ports that they need: BlobStore, RecordStore, JobQueue, Compute,
 * Clock, Upstream. No vendor, no file and no socket is named here.
 *
 * The rooms, in the order of a kernel's way:
 * - accept: an upload is opened, split and made durable (acceptUpload, in ingest),
 * - split: a kernel's BTF comes apart into core and extras (splitKernel, on a worker thread),
 * - ownership: who may change what, decided within the record's compare-and-swap,
 * - pack: parts become artifacts and are published (compressKernel, in compressor),
 * - ask: artifacts, sections, variables and inlined calls are found (in fetch),
 * - pull: what is fetched from upstreams because somebody asked for it,
 * - upkeep: garbage, checks, copies, lost jobs, expiry (operators, and the sweeper).
 *
 * Beside them: verified (the only reader of blobs, which hashes them), extras (the source of each,
 * and when one replaces another), record (reading and changing one), ports, tokens, signing.
 */
export { type AcceptDeps } from './accept/accept-kernel.ts';
export {
  acceptCopy,
  hasParts,
  type AcceptedCopy,
  type CopyDeps,
  type CopyOptions,
} from './accept/accept-copy.ts';
export { verifyParts, type CopiedParts } from './accept/verify-parts.ts';
export { acceptUpload, type AcceptedUpload, type KernelResult } from './accept/accept-upload.ts';
export { buildsOf, type Build } from './accept/builds.ts';
export { AnswerRoom, finish, type AnswerLimits, type Steps } from './ask/answer-room.ts';
export { announceAll, announceKernel } from './upkeep/announce.ts';
export { compressKernel, packInput, type CompressDeps } from './pack/compress-kernel.ts';
export {
  collectGarbage,
  GARBAGE_DEFAULTS,
  type GarbageOptions,
  type GarbageReport,
} from './upkeep/collect-garbage.ts';
export {
  checkStore,
  type CheckDeps,
  type Finding,
  type StoreReport,
} from './upkeep/check-store.ts';
export { copyStore, type CopiedStores, type CopyReport } from './upkeep/copy-store.ts';
export { forEachAtMost } from './concurrency/for-each-at-most.ts';
export { SingleFlight } from './concurrency/single-flight.ts';
export { DepotError, unknownKernel } from './errors.ts';
export { sha256Of } from './sha256.ts';
export { findArtifact } from './ask/find-artifact.ts';
export { missingPart } from './ask/missing-part.ts';
export { findSection } from './ask/find-section.ts';
export { carrierParts } from './split/carrier-facts.ts';
export { kernelImage } from './split/kernel-symbols.ts';
export { askSites, type SiteQuestion } from './ask/inlines/ask-sites.ts';
export { listFunctions, type FunctionList } from './ask/inlines/list-functions.ts';
export { openSites, type SiteParts, type SiteSource } from './ask/inlines/site-source.ts';
export { inlinesOfKernel } from './split/inlines-part.ts';
export { bytesOf, bytesOfPart } from './extras/index.ts';
export { kernelPieces, type KernelPieces } from './split/kernel-pieces.ts';
export { Eviction, type Evicted } from './pull/evict.ts';
export {
  isProvisional,
  isPulled,
  isToBePulled,
  PROVISIONAL_MS,
  withdrawProvisional,
} from './pull/provisional.ts';
export { loadStream } from './ports/load-stream.ts';
export { makeCarriers, type Carriers, type CarriersInput } from './pack/make-carriers.ts';
export { compressedAs, COMPRESSION_LEVELS, type CompressionLevels } from './pack/compressors.ts';
export {
  compressCarrier,
  packKernel,
  plainArtifacts,
  type Compressing,
  type PackedArtifact,
  type PackInput,
  type PackSteps,
} from './pack/pack-kernel.ts';
export * from './ports/announcer.ts';
export * from './ports/asked-notes.ts';
export * from './ports/blob-store.ts';
export * from './ports/clock.ts';
export * from './ports/compute.ts';
export * from './ports/job-queue.ts';
export * from './ports/pulls.ts';
export * from './ports/record-store.ts';
export * from './ports/token-store.ts';
export * from './ports/upstream.ts';
export { LOCAL_ACTOR, type Actor } from './ownership/ownership.ts';
export { Progress } from './progress.ts';
export { kindOf, recognise, type FileKind } from './split/file-kind.ts';
export { blobsOf, hashesIn, type NamedBlob } from './record/blobs-in-records.ts';
export { RecordIndex } from './record/record-index.ts';
export {
  lookUpKernels,
  searchKernels,
  summaryOf,
  type KernelQuery,
} from './ask/search/search-kernels.ts';
export {
  reprocess,
  type Reprocessed,
  type ReprocessOptions,
  type SourceNeed,
} from './upkeep/reprocess/reprocess.ts';
export { Healer } from './upkeep/heal/healer.ts';
export { repair, type Repaired } from './upkeep/heal/repair.ts';
export { Expiry } from './upkeep/expiry.ts';
export { repack } from './upkeep/repack.ts';
export { forgetAside, type WhichAside } from './upkeep/forget-aside.ts';
export { requeue } from './upkeep/requeue.ts';
export { resign } from './signing/resign.ts';
export { createSecretKey, openSecretKey, type SigningKey } from './signing/secret-key.ts';
export { createToken, type NewToken } from './tokens/create-token.ts';
export { StorageShare } from './tokens/storage-share.ts';
export { TokenGuard, type TokenHolder } from './tokens/token-guard.ts';
export { setOwner, type OwnerChange } from './ownership/set-owner.ts';
export { refuseWithdrawn } from './record/refuse-withdrawn.ts';
export { requireBuildId } from './record/require-build-id.ts';
export { verifiedBlobs } from './verified/verified-blobs.ts';
export { withdraw } from './record/withdraw.ts';
export { openKernel } from './split/open-kernel.ts';
export { splitAll } from './accept/split-all.ts';
export type { OnUnit } from './split/core-and-variables.ts';
export { splitKernel, type KernelParts, type SplitOptions } from './split/split-kernel.ts';
export { splitPart, type SplitPart } from './split/split-part.ts';
export { sweep, sweptOf, type Swept } from './upkeep/sweep.ts';
export { Underway } from './accept/underway.ts';
export {
  unpackUpload,
  type FileAt,
  type KernelFile,
  type UnpackedUpload,
} from './accept/unpack-upload.ts';
export { type Upload, type UploadedFile } from './accept/upload.ts';
export {
  answerVariable,
  findVariable,
  listVariablePage,
  resolveVariables,
  type AskedKernel,
  type VariableList,
} from './ask/variables/ask-variables.ts';
export { variablesAsC } from './ask/variables/describe-variable.ts';
export {
  openVariables,
  type VariableParts,
  type VariableTable,
} from './ask/variables/variable-table.ts';
export { mergedBtf } from './ask/variables/merged-btf.ts';
export { variablesAsBtf } from './ask/variables/variables-as-btf.ts';
