import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, sha256Of, someBytes } from '@btf-depot/testing';
import { expect } from 'vitest';
import { mergeRecord, type UploadFacts } from '../accept/merge-record.ts';
import type { Actor } from '../ownership/ownership.ts';
import type { GivenCarrier } from '../split/given-carrier.ts';
import type { KernelParts } from '../split/split-kernel.ts';

export const buildId = buildIdOf('owned');
export const at = new Date('2026-04-04T00:00:00Z');

export const token = (principal: string, more: Partial<Actor> = {}): Actor => ({
  principal,
  scopes: ['upload'],
  ...more,
});
export const farm = token('farm');
export const stranger = token('stranger');
export const assigned = token('assigned', { distro: 'debian' });

export function part(seed: string) {
  const bytes = someBytes(64, seed);
  return { bytes, sha256: sha256Of(bytes), types: 1 };
}

export const vars = (seed: string, variables = 3) =>
  ({ ...part(seed), variables, origin: 'full' }) as const satisfies KernelParts['vars'];

export const symbols = (seed: string) =>
  ({ ...part(seed), origin: 'symtab', from: 'symtab' }) as const satisfies KernelParts['symbols'];

export const ksymsPart = { ...part('ksyms'), variables: 1, leftOut: {}, from: 'symtab' } as const;

export function load(vermagic: string): KernelParts['carrier'] {
  const structModule = { size: 832, nameOffset: 24 };
  return { loadable: true, vermagic, load: { vermagic, structModule } };
}

export function given(vars: string, signed: boolean, name = 'btf_vmlinux'): GivenCarrier {
  const hash = (seed: string) => part(seed).sha256;
  const btf = (seed: string) => ({ sha256: hash(seed), size: part(seed).bytes.length });
  return {
    ...part(`carrier with ${vars}, ${signed ? 'signed' : 'not signed'}`),
    signed,
    name,
    buildId,
    baseSha256: hash('core'),
    header: { class: 64, endian: 'little', machine: 62, flags: 0, osabi: 0 },
    sections: { '.BTF': btf('ksyms'), '.BTF.vars': btf(vars) },
    judgement: { as: 'carrier', writer: 1 },
  };
}

/** Parts of an upload: a kernel with core inside, unless `claim` says that it is something else. */
export interface Sent extends Partial<Omit<KernelParts, 'core'>> {
  core?: string;
  claim?: true;
}

type Says = Partial<UploadFacts>;

/** A record, and what uploads make of it. */
export function depot(record?: KernelRecord) {
  const held = { record };
  const send = (actor: Actor, { core = 'core', claim, ...sent }: Sent = {}, says: Says = {}) => {
    const parts: KernelParts = {
      kind: claim ? 'btf' : 'elf',
      buildId,
      endian: 'little',
      delivery: 'builtin',
      core: { ...part(core), origin: 'verbatim' },
      carrier: { loadable: false },
      ...sent,
    };
    const source = { ...part(JSON.stringify([actor, core, sent])), size: 1, kind: parts.kind };
    const facts: UploadFacts = {
      actor,
      at,
      sources: [{ ...source, part: 'kernel' }],
      evidence: claim ? 'claim' : 'kernel',
      bringsCore: !claim || !held.record,
      ...says,
    };
    const next = mergeRecord(held.record, parts, facts);
    held.record = next ?? held.record;
    return held.record;
  };
  return { held, send };
}

export const refusal = (code: string) => expect.objectContaining({ code }) as Error;
export const shaOf = (seed: string) => ({ sha256: part(seed).sha256 });
