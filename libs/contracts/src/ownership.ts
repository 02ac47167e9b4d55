import { z } from 'zod';
import type { CarrierFile } from './artifact.ts';
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

/** Of a stored part; parts that were stored before owners were recorded lack both. */
export const broughtShape = {
  /** The principal that brought it. */
  by: z.string().exactOptional(),
  /** It was not brought by the kernel's owner, or the kernel has none. */
  claimed: z.literal(true).exactOptional(),
};

type Claims = Pick<
  KernelRecord,
  'core' | 'extras' | 'ksyms' | 'symbols' | 'layout' | 'inlines' | 'carrier' | 'artifacts'
>;

/** Anyone can write a map, so what is known from one alone is a claim, whoever brought it. */
const CLAIM = 'map';

/** Parts that rest on a claim, by the names that the record has for them; `load`: load facts. */
export function claimedParts(record: Claims): string[] {
  const { core, extras, ksyms, symbols, layout, inlines, carrier } = record;
  return Object.entries({ core, ...extras, ksyms, symbols, layout, inlines, load: carrier })
    .filter(([, part]) => part && (part.claimed ?? (part.from ?? part.origin) === CLAIM))
    .map(([name]) => name);
}

/** What each carrier rests on, besides core. */
const RESTS_ON: Record<CarrierFile, readonly string[]> = {
  'btf_vmlinux.ko': ['vars', 'ksyms', 'inlines', 'load'],
  'btf_vmlinux_ksyms.ko': ['ksyms', 'load'],
  'btf_vmlinux_inline.ko': ['inlines', 'load'],
};

/** Artifacts that rest on a claim; a carrier's name stands for its compressed forms too. */
export function claimedArtifacts(record: Claims): string[] {
  const parts = claimedParts(record);
  const files: Record<string, readonly string[]> = {
    'vmlinux.btf': [],
    'vmlinux.vars.btf': ['vars'],
    'vmlinux.ksyms.btf': ['ksyms'],
    'vmlinux.inlines.btf': ['inlines'],
    'vmlinux.inlines.map': ['inlines'],
    ...RESTS_ON,
  };
  return Object.entries(files)
    .filter(([, rests]) => ['core', ...rests].some((part) => parts.includes(part)))
    .map(([name]) => name);
}
