import { isBuildId, isSha256 } from '@btf-depot/contracts';
import { DepotError, findArtifact } from '@btf-depot/depot';
import { onlyMethods } from '@btf-depot/service-kit';
import { Router } from 'express';
import type { HotBlobs } from './hot-blobs.ts';
import type { RecentRecords } from './recent-records.ts';
import { sendBlob } from './send-blob.ts';

/** Artifacts by name and blobs by hash; Express answers HEAD with the GET routes. */
export function fetchRoutes(records: RecentRecords, blobs: HotBlobs): Router {
  const router = Router();
  const artifact = router.route('/v1/kernels/:buildId/:artifact');
  artifact.get(async (request, response) => {
    const { buildId, artifact: name } = request.params;
    if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
    const { sha256, mediaType } = findArtifact(await records.get(buildId), name);
    const bytes = await blobs.get(sha256);
    sendBlob(request, response, { bytes, sha256, mediaType, immutable: false });
  });
  artifact.all(onlyMethods('GET, HEAD'));
  const blob = router.route('/v1/blobs/sha256/:hash');
  blob.get(async (request, response) => {
    const { hash } = request.params;
    if (!isSha256(hash)) throw new DepotError('bad-hash', 'not a SHA-256 in lowercase hexadecimal');
    const bytes = await blobs.get(hash);
    const mediaType = 'application/octet-stream';
    sendBlob(request, response, { bytes, sha256: hash, mediaType, immutable: true });
  });
  blob.all(onlyMethods('GET, HEAD'));
  return router;
}
