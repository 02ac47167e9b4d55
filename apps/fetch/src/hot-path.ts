import type { ServerResponse } from 'node:http';
import type { KernelRecord } from '@btf-depot/contracts';
import { FETCH_ROUTES, plainPath } from '@btf-depot/contracts/routes';
import { commonHeaders, type AddressedRequest } from '@btf-depot/service-kit';
import type { Answers } from './answers/answers.ts';
import type { HotBlobs } from './blobs/hot-blobs.ts';
import type { KernelList } from './records/kernel-list.ts';
import { sectionAnswer } from './routes/debuginfod.ts';
import { chooseArtifact } from './answers/choose-encoding.ts';
import type { RecentRecords } from './records/recent-records.ts';
import type { BlobAnswer, KnownAnswer, SendBlob } from './answers/send-blob.ts';
import { formOf, variableKey } from './routes/variables.ts';

const ARTIFACT_PATH = plainPath(FETCH_ROUTES.artifact);
const VARIABLE_PATH = plainPath(FETCH_ROUTES.variable);
const SECTION_PATH = plainPath(FETCH_ROUTES.section);
const BLOB_PATH = plainPath(FETCH_ROUTES.blob);

interface Caches {
  records: RecentRecords;
  kernelList: KernelList;
  blobs: HotBlobs;
  answers: Answers;
  send: SendBlob;
}

/**
 * Answers from memory, and streams blobs of which all but the bytes is known, ahead of Express: its
 * routing and middleware took three times as long as an answer from memory. The routes answer
 * everything else, errors too.
 */
export function hotPath(caches: Caches) {
  const { blobs, send } = caches;
  return (
    request: AddressedRequest,
    response: ServerResponse<AddressedRequest>,
    next: () => void,
  ): boolean => {
    const { method, url } = request;
    if ((method !== 'GET' && method !== 'HEAD') || url === undefined) return false;
    const variable = hotVariable(caches, url, request);
    const known = variable ?? knownBlob(caches, url, request);
    if (!known) return false;
    const headers = { ...commonHeaders(request), ...known.headers };
    const sendThese = (bytes: BlobAnswer['bytes']) =>
      send(request, response, { ...known, headers, bytes });
    const hot = variable?.bytes ?? blobs.peek(known.sha256);
    if (hot) void sendThese(hot);
    else blobs.open(known.sha256).then(sendThese).catch(next);
    return true;
  };
}

function hotVariable(
  { records, answers }: Caches,
  url: string,
  request: AddressedRequest,
): BlobAnswer | undefined {
  const asked = VARIABLE_PATH.exec(url);
  const record = asked && living(records.peek(asked[1]));
  if (!record) return undefined;
  const variable = answers.peek(
    request,
    variableKey(record, formOf(request.headers.accept), asked[2]),
  );
  return variable && { ...variable, immutable: false, vary: 'Accept' };
}

function knownBlob(
  { records, kernelList }: Caches,
  url: string,
  { headers }: AddressedRequest,
): KnownAnswer | undefined {
  const artifact = ARTIFACT_PATH.exec(url);
  if (artifact) {
    const [, buildId, name] = artifact;
    const record = living(records.peek(buildId));
    if (!record || !Object.hasOwn(record.artifacts, name)) return undefined;
    return { ...chooseArtifact(record, name, headers['accept-encoding']), immutable: false };
  }
  const section = SECTION_PATH.exec(url);
  if (section) {
    const [, buildId, name] = section;
    const record = living(records.peek(buildId));
    return record && knownSection(record, name);
  }
  const sha256 = BLOB_PATH.exec(url)?.[1];
  if (sha256 === undefined || !kernelList.names(sha256)) return undefined;
  return { sha256, mediaType: 'application/octet-stream', immutable: true };
}

/** Undefined: the routes report the miss. */
function knownSection(record: KernelRecord, name: string): KnownAnswer | undefined {
  try {
    return sectionAnswer(record, name);
  } catch {
    return undefined;
  }
}

function living(record: KernelRecord | undefined): KernelRecord | undefined {
  return record?.state === 'withdrawn' ? undefined : record;
}
