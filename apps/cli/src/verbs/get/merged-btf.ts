import { checkMade, mergeBtf, parseBtf } from '@btf-depot/btf';
import type { ArtifactOptions, DepotClient, FoundArtifact } from '@btf-depot/client';
import { mediaTypeOf } from '@btf-depot/contracts';
import { sha256Of } from '@btf-depot/depot';

/** Core and variables in one file. No manifest lists it: depots make it on request. */
export const MERGED_BTF = 'vmlinux.full.btf';

const CORE = 'vmlinux.btf';
const VARS = 'vmlinux.vars.btf';

/**
 * The same bytes, made here from files in the kernel's signed manifest; from core alone if it has
 * no variables.
 */
export async function mergedBtf(
  client: DepotClient,
  buildId: string,
  options: ArtifactOptions,
): Promise<FoundArtifact & { bytes: Uint8Array<ArrayBuffer> }> {
  const core = await client.artifact(buildId, CORE, options);
  const base = parseBtf(core.bytes);
  const hasVars = core.manifest.artifacts.has(VARS);
  const vars = hasVars ? await client.artifact(buildId, VARS, options) : undefined;
  // If a revision with another core came in between, the two would not fit.
  if (vars && vars.manifest.revision !== core.manifest.revision) {
    return mergedBtf(client, buildId, options);
  }
  const parts = vars ? [parseBtf(vars.bytes, { base })] : [];
  const bytes = checkMade('merged', mergeBtf(base, ...parts), { from: base.endId });
  const sha256 = sha256Of(bytes);
  const entry = { sha256, size: bytes.length, mediaType: mediaTypeOf(CORE) };
  return { manifest: core.manifest, entry, bytes };
}
