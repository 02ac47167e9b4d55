import { ARTIFACTS, isSha256, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import { onlyMethods } from '@btf-depot/service-kit';
import { Router, type Request } from 'express';
import type { Answers } from './answers.ts';
import type { HotBlobs } from './blobs/hot-blobs.ts';
import type { KernelList } from './kernel-list.ts';
import { COSTS } from './clients/budget.ts';
import { chooseArtifact } from './encodings.ts';
import { kernelKey, type KernelThread } from './kernels/kernel-thread.ts';
import type { RecentRecords } from './recent-records.ts';
import type { BlobAnswer, SendBlob } from './send-blob.ts';
import { livingRecord } from './variable-routes.ts';

export interface FetchRoutesDeps {
  records: RecentRecords;
  kernelList: KernelList;
  blobs: HotBlobs;
  kernels: KernelThread;
  answers: Answers;
  send: SendBlob;
}

/** Artifacts by name and blobs by hash; Express answers HEAD with the GET routes. */
export function fetchRoutes(deps: FetchRoutesDeps): Router {
  const { records, kernelList, blobs, send } = deps;
  const router = Router();
  const full = router.route('/v1/kernels/:buildId/vmlinux.full.btf');
  full.get(async (request, response) => {
    const record = await livingRecord(records, request.params.buildId);
    send(request, response, await fullBtf(deps, record, request));
  });
  const artifact = router.route('/v1/kernels/:buildId/:artifact');
  artifact.get(async (request, response) => {
    const record = await livingRecord(records, request.params.buildId);
    const { artifact: name } = request.params;
    const chosen = chooseArtifact(record, name, request.headers['accept-encoding']);
    const bytes = await blobs.open(chosen.sha256);
    send(request, response, { ...chosen, bytes, immutable: false });
  });
  artifact.all(onlyMethods('GET, HEAD'));
  const blob = router.route('/v1/blobs/sha256/:hash');
  blob.get(async (request, response) => {
    const { hash } = request.params;
    if (!isSha256(hash)) throw new DepotError('bad-hash', 'not a SHA-256 in lowercase hexadecimal');
    // What nobody names any more is not served, until it is collected.
    const isNamed =
      kernelList.names(hash) || ((await blobs.has(hash)) && kernelList.namesNow(hash));
    if (!(await isNamed)) throw new DepotError('unknown-blob', `no blob ${hash}`);
    const bytes = await blobs.open(hash);
    const mediaType = 'application/octet-stream';
    send(request, response, { bytes, sha256: hash, mediaType, immutable: true });
  });
  blob.all(onlyMethods('GET, HEAD'));
  return router;
}

/** Core and variables in one BTF, for tools that take no other; made when it is asked for. */
async function fullBtf(
  { blobs, kernels, answers }: FetchRoutesDeps,
  record: KernelRecord,
  request: Request,
): Promise<BlobAnswer> {
  const mediaType = ARTIFACTS['vmlinux.btf'];
  if (!record.extras.vars) {
    const { sha256 } = record.core;
    return { bytes: await blobs.open(sha256), sha256, mediaType, immutable: false };
  }
  const size = record.core.size + record.extras.vars.size;
  const question = { key: `${kernelKey(record)} full`, mediaType, cost: COSTS.merge, size };
  const answer = await answers.get(request, question, (client) =>
    kernels.ask(record, { do: 'merge' }, client),
  );
  return { ...answer, immutable: false };
}
