import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KernelRecord } from '@btf-depot/contracts';
import type { Answers } from './answers.ts';
import type { HotBlobs } from './blobs/hot-blobs.ts';
import type { KernelList } from './kernel-list.ts';
import { sectionAnswer, sectionHash } from './debuginfod-routes.ts';
import { chooseArtifact } from './encodings.ts';
import type { RecentRecords } from './recent-records.ts';
import type { BlobAnswer, SendBlob } from './send-blob.ts';
import { formOf, variableKey } from './variable-routes.ts';

const KERNEL_PATH = /^\/v1\/kernels\/([0-9a-f]{8,128})\/(vars\/)?([\w.-]{1,128})$/;
const SECTION_PATH = /^\/buildid\/([0-9a-f]{8,128})\/section\/([\w.]{1,64})$/;
const BLOB_PATH = /^\/v1\/blobs\/sha256\/([0-9a-f]{64})$/;

interface Caches {
  records: RecentRecords;
  kernelList: KernelList;
  blobs: HotBlobs;
  answers: Answers;
  send: SendBlob;
}

/**
 * Answers what is wholly in memory, ahead of Express: its routing and middleware took three times
 * as long as the answer. Whatever is not in memory, or is not well, is left to the routes.
 */
export function hotPath(caches: Caches) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method, url } = request;
    if ((method !== 'GET' && method !== 'HEAD') || url === undefined) return false;
    const answer = hotAnswer(caches, url, request);
    if (!answer) return false;
    caches.send(request, response, answer);
    return true;
  };
}

function hotAnswer(
  { records, kernelList, blobs, answers }: Caches,
  url: string,
  { headers }: IncomingMessage,
): BlobAnswer | undefined {
  const kernel = KERNEL_PATH.exec(url);
  if (kernel) {
    const [, buildId, vars, name] = kernel;
    const record = living(records.peek(buildId));
    if (!record) return undefined;
    if (vars === undefined) return hotArtifact(blobs, record, name, headers['accept-encoding']);
    const variable = answers.peek(variableKey(record, formOf(headers.accept), name));
    return variable && { ...variable, immutable: false, vary: 'Accept' };
  }
  const section = SECTION_PATH.exec(url);
  if (section) {
    const [, buildId, name] = section;
    const record = living(records.peek(buildId));
    const sha256 = record && sectionHash(record, name);
    const bytes = sha256 === undefined ? undefined : blobs.peek(sha256);
    return bytes && sectionAnswer(bytes, sha256 ?? '');
  }
  const sha256 = BLOB_PATH.exec(url)?.[1];
  const bytes = sha256 === undefined ? undefined : blobs.peek(sha256);
  if (sha256 === undefined || !bytes || !kernelList.names(sha256)) return undefined;
  return { bytes, sha256, mediaType: 'application/octet-stream', immutable: true };
}

function hotArtifact(
  blobs: HotBlobs,
  record: KernelRecord,
  name: string,
  acceptEncoding: string | undefined,
): BlobAnswer | undefined {
  if (!Object.hasOwn(record.artifacts, name)) return undefined;
  const chosen = chooseArtifact(record, name, acceptEncoding);
  const bytes = blobs.peek(chosen.sha256);
  return bytes && { ...chosen, bytes, immutable: false };
}

function living(record: KernelRecord | undefined): KernelRecord | undefined {
  return record?.state === 'withdrawn' ? undefined : record;
}
