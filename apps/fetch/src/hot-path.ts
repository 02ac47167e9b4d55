import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answers } from './answers.ts';
import type { HotBlobs } from './hot-blobs.ts';
import type { RecentRecords } from './recent-records.ts';
import { sendBlob } from './send-blob.ts';
import { formOf, variableKey } from './variable-routes.ts';

const ARTIFACT_PATH = /^\/v1\/kernels\/([0-9a-f]{8,128})\/([\w.-]{1,64})$/;
const VARIABLE_PATH = /^\/v1\/kernels\/([0-9a-f]{8,128})\/vars\/(\w{1,128})$/;
const BLOB_PATH = /^\/v1\/blobs\/sha256\/([0-9a-f]{64})$/;

interface Caches {
  records: RecentRecords;
  blobs: HotBlobs;
  answers: Answers;
}

/**
 * Answers what is wholly in memory, ahead of Express: its routing and middleware took three times
 * as long as the answer. Whatever is not in memory, or is not well, is left to the routes.
 */
export function hotPath(caches: Caches) {
  const { records, blobs } = caches;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method, url } = request;
    if ((method !== 'GET' && method !== 'HEAD') || url === undefined) return false;
    const variable = VARIABLE_PATH.exec(url);
    if (variable) return sendVariable(caches, variable, request, response);
    const artifact = ARTIFACT_PATH.exec(url);
    const [, buildId = '', name = ''] = artifact ?? [];
    const entry = artifact ? liveArtifact(records, buildId, name) : undefined;
    const sha256 = artifact ? entry?.sha256 : BLOB_PATH.exec(url)?.[1];
    const bytes = sha256 === undefined ? undefined : blobs.peek(sha256);
    if (sha256 === undefined || !bytes) return false;
    const mediaType = entry?.mediaType ?? 'application/octet-stream';
    sendBlob(request, response, { bytes, sha256, mediaType, immutable: !entry });
    return true;
  };
}

function sendVariable(
  { records, answers }: Caches,
  [, buildId = '', name = '']: RegExpExecArray,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const record = records.peek(buildId);
  if (!record || record.state === 'withdrawn') return false;
  const answer = answers.peek(variableKey(record, formOf(request.headers.accept), name));
  if (!answer) return false;
  sendBlob(request, response, { ...answer, immutable: false, vary: 'Accept' });
  return true;
}

function liveArtifact(records: RecentRecords, buildId: string, name: string) {
  const record = records.peek(buildId);
  if (!record || record.state === 'withdrawn') return undefined;
  return Object.hasOwn(record.artifacts, name) ? record.artifacts[name] : undefined;
}
