import { z } from 'zod';
import { CARRIER_FILES, CARRIERS } from './artifact.ts';
import { partsOf, partSpec, PARTS, PUBLISHED_PARTS, PART_NAMES } from './parts.ts';
import type { KernelRecord } from './record.ts';

/**
 * How much an operator has trusted a principal with, least first: what a depot fetches by itself,
 * what it was filled from, a token (or a depot without tokens), and a token to which the operator
 * assigned the kernel's distribution or build ID.
 */
export const RANKS = ['upstream', 'import', 'token', 'assigned'] as const;

export type Rank = (typeof RANKS)[number];

export const ownerSchema = z.looseObject({
  principal: z.string(),
  /** One of RANKS, in time others. */
  rank: z.string(),
  /** Other principals that may bring carriers. */
  signers: z.array(z.string()).exactOptional(),
});

export type Owner = z.infer<typeof ownerSchema>;

/** Anyone can write a map, so what is known from one alone is a claim, whoever brought it. */
const CLAIM = 'map';

/** Parts that rest on a claim, by the names that the record has for them; `load`: load facts. */
export function claimedParts(record: Partial<KernelRecord>): string[] {
  const companions = new Set<string>(PART_NAMES.filter((name) => partSpec(name).of !== undefined));
  const parts = [...partsOf(record)]
    .filter(([name]) => !companions.has(name))
    .filter(([, { claimed, from, origin }]) => claimed ?? (from ?? origin) === CLAIM)
    .map(([name]) => name);
  return record.carrier?.claimed ? [...parts, 'load'] : parts;
}

/** Artifacts that rest on a claim; a carrier's name stands for its compressed forms too. */
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
