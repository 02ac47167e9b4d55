/**
 * HTTP client of the depot, for the command line, the page and anyone else; it uses nothing that
 * a browser lacks.
 */
export { DepotClient } from './depot-client.ts';
export { ProblemError } from './problem-error.ts';
export { totalSize, type UploadRequest } from './upload.ts';
