import {
  isArtifactName,
  isSignatureName,
  type ArtifactEntry,
  type KernelRecord,
} from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

/**
 * The artifact of that name, or why there is none.
 *
 * @throws DepotError `unknown-artifact`, `withdrawn`, `no-vars`, `no-inlines`, `not-signed`, `pending`.
 */
export function findArtifact(record: KernelRecord, name: string): ArtifactEntry {
  const { buildId, revision, state } = record;
  refuseWithdrawn(record);
  if (Object.hasOwn(record.artifacts, name)) return record.artifacts[name];
  if (isSignatureName(name) && Object.hasOwn(record.artifacts, 'manifest')) {
    throw new DepotError('not-signed', `the manifest of ${buildId} has no such signature`);
  }
  if (!isArtifactName(name) && !isSignatureName(name)) {
    throw new DepotError('unknown-artifact', 'no artifact of this name');
  }
  if (name === 'vmlinux.vars.btf' && !record.extras.vars) {
    throw new DepotError('no-vars', `no variables of ${buildId} were uploaded`);
  }
  if (name.includes('inline') && !record.inlines) {
    throw new DepotError('no-inlines', `no inlined calls of ${buildId} were uploaded`);
  }
  if (name.includes('ksyms') && !record.ksyms && state !== 'compressing') {
    const why = record.carrier?.why ?? 'not made yet';
    throw new DepotError('no-vars', `no ksyms of ${buildId}: ${why}`);
  }
  if (state === 'compressing') {
    throw new DepotError('pending', `revision ${revision} of ${buildId} is being made`);
  }
  throw new DepotError(
    'unknown-artifact',
    `${buildId} has no ${name}${record.failure ? `: ${record.failure.message}` : ''}`,
  );
}
