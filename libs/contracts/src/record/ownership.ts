import { z } from 'zod';
import { CARRIER_FILES, CARRIERS } from '../artifact.ts';
import { partsOf, partSpec, PARTS, PUBLISHED_PARTS, PART_NAMES } from '../parts.ts';
import type { KernelRecord } from './record.ts';

/**
 * Ranks of principals, lowest first: what a depot fetches by itself, imports, a token (or a depot
 * without tokens), and a token to which the operator assigned the kernel's distribution or build
 * ID.
 */
export const RANKS = ['upstream', 'import', 'token', 'assigned'] as const;

export const ownerSchema = z.looseObject({
  principal: z.string(),
  /** One of RANKS, or one of a later version. */
  rank: z.string(),
  /** Other principals that may send carriers. */
  signers: z.array(z.string()).exactOptional(),
});

export type Owner = z.infer<typeof ownerSchema>;

/** Anyone can write a map, so parts that depend on a map alone are claims, whoever sent it. */
const CLAIM = 'map';

/** Parts that depend on a claim, by their names in the record; `load`: load facts. */
export function claimedParts(record: Partial<KernelRecord>): string[] {
  const companions = new Set<string>(PART_NAMES.filter((name) => partSpec(name).of !== undefined));
  const parts = [...partsOf(record)]
    .filter(([name]) => !companions.has(name))
    .filter(([, { claimed, from, origin }]) => claimed ?? (from ?? origin) === CLAIM)
    .map(([name]) => name);
  return record.carrier?.claimed ? [...parts, 'load'] : parts;
}

/** Artifacts that depend on a claim; a carrier's name stands for its compressed forms too. */
export function claimedArtifacts(record: Partial<KernelRecord>): string[] {
  const claimed = new Set(claimedParts(record));
  const parts = PUBLISHED_PARTS.map(
    (name) => [PARTS[name].artifact.name, [partSpec(name).of?.[0] ?? name]] as const,
  );
  const carriers = CARRIER_FILES.map((file) => [file, [...CARRIERS[file].holds, 'load']] as const);
  return [...parts, ...carriers]
    .filter(([, restsOn]) => ['core', ...restsOn].some((part) => claimed.has(part)))
    .map(([name]) => name);
}
