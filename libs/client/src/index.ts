/**
 * HTTP client of the depot, for the command line, the page and anyone else; it uses nothing that
 * a browser lacks.
 *
 * To add a request: its route's line in libs/contracts/src/routes, and a method of DepotClient. What
 * the client checks of artifacts is in find-artifact.ts.
 */
export { sha256Of, type WantedBlob } from './blob-stream.ts';
export { DepotClient, type ClientOptions, type KernelFilter } from './depot-client.ts';
export { type ArtifactOptions, type FoundArtifact } from './find-artifact.ts';
export type { PageOptions } from './pages.ts';
export { ProblemError } from './problem-error.ts';
export { isPassing, retry, type Patience, type RetryOptions } from './retry.ts';
export { totalSize, type KernelOutcome, type UploadOutcome, type UploadRequest } from './upload.ts';
