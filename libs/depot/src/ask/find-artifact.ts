import {
  isArtifactName,
  isSignatureName,
  partBehind,
  partOf,
  type ArtifactEntry,
  type KernelRecord,
} from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { missingPart } from './missing-part.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

/**
 * The artifact of that name; the error says why there is none.
 *
 * @throws DepotError `unknown-artifact`, `withdrawn`, `no-vars`, `no-inlines`, `not-signed`,
 *   `pending`.
 */
export function findArtifact(record: KernelRecord, name: string): ArtifactEntry {
  const { buildId, revision, state } = record;
  refuseWithdrawn(record);
  if (Object.hasOwn(record.artifacts, name)) return record.artifacts[name];
  if (isSignatureName(name) && Object.hasOwn(record.artifacts, 'manifest')) {
    throw new DepotError('not-signed', `the manifest of ${buildId} has no ${name}`);
  }
  if (!isArtifactName(name) && !isSignatureName(name)) {
    throw new DepotError(
      'unknown-artifact',
      `no artifact is named ${JSON.stringify(name.slice(0, 80))}`,
    );
  }
  const part = partBehind(name);
  if (part && !partOf(record, part)) throw missingPart(record, part);
  if (state === 'compressing') {
    throw new DepotError(
      'pending',
      `the artifacts of ${buildId}, revision ${revision}, are not ready yet`,
    );
  }
  throw new DepotError(
    'unknown-artifact',
    `${buildId} has no ${name}${record.failure ? `: ${record.failure.message}` : ''}`,
  );
}
