import { ARTIFACTS, isSha256, type KernelRecord } from '@btf-depot/contracts';
import { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import { DepotError } from '@btf-depot/depot';
import type { Request } from 'express';
import type { Answers } from '../answers/answers.ts';
import { chooseArtifact } from '../answers/choose-encoding.ts';
import type { BlobAnswer, SendBlob } from '../answers/send-blob.ts';
import type { HotBlobs } from '../blobs/hot-blobs.ts';
import { kernelKey, type KernelThread } from '../kernels/kernel-thread.ts';
import type { KernelList } from '../records/kernel-list.ts';
import { livingRecord } from '../records/living-record.ts';
import type { RecentRecords } from '../records/recent-records.ts';
import type { FetchHandlers } from './handlers.ts';

export interface ArtifactDeps {
  records: RecentRecords;
  kernelList: KernelList;
  blobs: HotBlobs;
  kernels: KernelThread;
  answers: Answers;
  send: SendBlob;
}

/** Artifacts by name, and blobs by hash. */
export function artifactHandlers(
  deps: ArtifactDeps,
): Pick<FetchHandlers, 'artifact' | 'fullBtf' | 'blob'> {
  const { records, kernelList, blobs, send } = deps;
  return {
    async artifact({ request, response, params: { buildId, artifact } }) {
      const record = await livingRecord(records, buildId);
      const chosen = chooseArtifact(record, artifact, request.headers['accept-encoding']);
      const bytes = await blobs.open(chosen.sha256);
      await send(request, response, { ...chosen, bytes, immutable: false });
    },
    async fullBtf({ request, response, params: { buildId } }) {
      const record = await livingRecord(records, buildId);
      await send(request, response, await fullBtf(deps, record, request));
    },
    async blob({ request, response, params: { hash } }) {
      if (!isSha256(hash)) {
        throw new DepotError('bad-hash', 'a SHA-256 is 64 lowercase hexadecimal digits');
      }
      // An unnamed blob is not served, even before it is collected.
      const isNamed =
        kernelList.names(hash) || ((await blobs.has(hash)) && kernelList.namesNow(hash));
      if (!(await isNamed)) throw new DepotError('unknown-blob', `no blob ${hash}`);
      const bytes = await blobs.open(hash);
      const mediaType = 'application/octet-stream';
      await send(request, response, { bytes, sha256: hash, mediaType, immutable: true });
    },
  };
}

/** Core and variables in one BTF, for tools that take no split BTF; made on request. */
async function fullBtf(
  { blobs, kernels, answers }: ArtifactDeps,
  record: KernelRecord,
  request: Request,
): Promise<BlobAnswer> {
  const mediaType = ARTIFACTS['vmlinux.btf'];
  if (!record.parts.vars) {
    const { sha256 } = record.core;
    return { bytes: await blobs.open(sha256), sha256, mediaType, immutable: false };
  }
  const size = record.core.size + record.parts.vars.size;
  const cost = FETCH_ROUTES.fullBtf.price;
  const question = { key: `${kernelKey(record)} full`, mediaType, cost, size };
  const answer = await answers.get(request, question, (client) =>
    kernels.ask(record, { do: 'merge' }, client),
  );
  return { ...answer, immutable: false };
}
