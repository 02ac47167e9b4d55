/**
 * The depot's use cases, and the ports that they need of the outside: BlobStore, RecordStore,
 * JobQueue, Compute, Clock. No vendor, no file and no socket is named here.
 *
 * The way of a kernel: acceptKernel (ingest) → splitKernel, on a worker thread → blobs, record,
 * job → compressKernel (compressor) → packKernel, its steps on worker threads → blobs, record →
 * findArtifact (fetch). sweep gives waiting records their job again.
 */
export { acceptKernel, type AcceptDeps } from './accept-kernel.ts';
export { AnswerRoom, finish, type AnswerLimits, type Steps } from './answer-room.ts';
export { announceAll, announceKernel } from './announce.ts';
export { compressKernel, packInput, type CompressDeps } from './compress-kernel.ts';
export {
  collectGarbage,
  GARBAGE_DEFAULTS,
  type GarbageOptions,
  type GarbageReport,
} from './collect-garbage.ts';
export { checkStore, type CheckDeps, type Finding, type StoreReport } from './check-store.ts';
export { copyStore, type CopiedStores, type CopyReport } from './copy-store.ts';
export { DepotError } from './errors.ts';
export { findArtifact } from './find-artifact.ts';
export { findSection } from './find-section.ts';
export { carrierParts } from './carrier-parts.ts';
export { kernelImage } from './kernel-image.ts';
export { askSites, type SiteQuestion } from './inlines/ask-sites.ts';
export { openSites, type SiteParts, type SiteSource } from './inlines/site-source.ts';
export { inlinesPart, ownInlines } from './inlines/inlines-part.ts';
export { kernelPieces, type KernelPieces } from './kernel-pieces.ts';
export { loadStream } from './load-stream.ts';
export { makeCarriers, type Carriers, type CarriersInput } from './make-carriers.ts';
export {
  compressCarrier,
  COMPRESSION_LEVELS,
  compressionsOf,
  listArtifacts,
  packKernel,
  plainArtifacts,
  type Compressing,
  type CompressionLevels,
  type PackedArtifact,
  type PackInput,
} from './pack-kernel.ts';
export * from './ports/announcer.ts';
export * from './ports/blob-store.ts';
export * from './ports/clock.ts';
export * from './ports/compute.ts';
export * from './ports/job-queue.ts';
export * from './ports/record-store.ts';
export * from './ports/token-store.ts';
export { LOCAL_ACTOR, type Actor } from './ownership.ts';
export { Progress } from './progress.ts';
export { recognise, type FileKind } from './recognise.ts';
export { hashesIn } from './named-blobs.ts';
export { RecordIndex } from './record-index.ts';
export {
  lookUpKernels,
  searchKernels,
  summaryOf,
  type KernelQuery,
} from './search/search-kernels.ts';
export {
  reprocess,
  type Reprocessed,
  type ReprocessOptions,
  type SourceNeed,
} from './reprocess/reprocess.ts';
export { EXPIRY_GRACE, Expiry } from './kept-until.ts';
export { requeue } from './requeue.ts';
export { resign } from './signing/resign.ts';
export { createSecretKey, openSecretKey, type SigningKey } from './signing/secret-key.ts';
export { createToken, type NewToken } from './tokens/create-token.ts';
export { StorageShare } from './tokens/storage-share.ts';
export { TokenGuard, type TokenHolder } from './tokens/token-guard.ts';
export { setOwner, type OwnerChange } from './set-owner.ts';
export { refuseWithdrawn } from './refuse-withdrawn.ts';
export { withdraw } from './withdraw.ts';
export { splitKernel, type KernelParts, type SplitOptions } from './split-kernel.ts';
export type { SplitPart } from './split-part.ts';
export { sweep, sweptOf, type Swept } from './sweep.ts';
export { Underway } from './underway.ts';
export {
  unpackUpload,
  type FileAt,
  type KernelFile,
  type UnpackedUpload,
} from './unpack-upload.ts';
export { type Upload, type UploadedFile } from './upload.ts';
export {
  answerVariable,
  findVariable,
  listVariablePage,
  resolveVariables,
  type AskedKernel,
} from './variables/ask-variables.ts';
export { variablesAsC } from './variables/describe-variable.ts';
export {
  openVariables,
  type VariableParts,
  type VariableTable,
} from './variables/variable-table.ts';
export { variablesAsBtf } from './variables/variables-as-btf.ts';
