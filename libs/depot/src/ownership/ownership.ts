/**
 * Rules on who may change which part of a kernel. Nothing proves a build ID, since anyone can write
 * an ELF file; so the first sender and the operator's trust decide. `judgeUpload` is for uploads,
 * `judgeWithdrawal` for withdrawals. Both are pure, and count only within the record's
 * compare-and-swap: see updateRecord. SECURITY.md explains them to farms.
 */
import {
  LOCAL_PRINCIPAL,
  RANKS,
  type KernelRecord,
  type Owner,
  type Scope,
} from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { refuseWithdrawn } from '../record/refuse-withdrawn.ts';

/** The acting principal: a token's holder, or LOCAL_ACTOR in a depot without tokens. */
export interface Actor {
  principal: string;
  scopes: readonly string[];
  /** The distribution, or the prefix of build IDs, that an operator assigned to it. */
  distro?: string | undefined;
  buildIdPrefix?: string | undefined;
}

export const LOCAL_ACTOR: Actor = { principal: LOCAL_PRINCIPAL, scopes: ['admin'] };

/** The facts of an upload that matter for ownership. */
export interface Asked {
  buildId: string;
  coreSha256: string;
  /** Core was made from debug information, since the kernel's build made none. */
  encoded: boolean;
  /** `kernel`: a file with its note that has core; anything else is a claim. */
  evidence: 'kernel' | 'claim';
  /** The kernel has its core inside. */
  builtin: boolean;
  /** It has a carrier. */
  carrier: boolean;
  distro?: string | undefined;
  restore?: boolean | undefined;
  replace?: boolean | undefined;
}

type Brought = { by?: string | undefined; claimed?: true | undefined } | undefined;

export interface Ruling {
  /** The record is made from the upload alone. */
  anew: boolean;
  /** The actor becomes the owner, and was not (at this rank) before. */
  takes: boolean;
  /** The actor may change the kernel: it owns it, or overrides. */
  rules: boolean;
  overrides: boolean;
  /** It rules, or was the first to claim a kernel without an owner. */
  leads: boolean;
  /** The record's new values of these. */
  owner?: Owner | undefined;
  claimant?: Owner | undefined;
  distro?: string | undefined;
  /** Marks for a part of the upload. */
  marks: { by: string; claimed?: true };
  /** `better`: the more complete one stays, since both are from one principal. */
  over(part: Brought): 'set' | 'better' | 'keep';
  isMine(part: Brought): boolean;
}

/**
 * @param current undefined: the kernel is unknown.
 * @throws DepotError `forbidden`, `withdrawn`, `core-conflict`, `not-owner`.
 */
export function judgeUpload(current: KernelRecord | undefined, asked: Asked, actor: Actor): Ruling {
  requireWithin(actor, asked);
  const override = asked.replace === true;
  if (override) requireScope(actor, 'replace');
  if (asked.restore) requireScope(actor, 'restore');
  const me: Owner = { principal: actor.principal, rank: rankOf(actor) };
  const mine = asked.evidence === 'kernel' ? { owner: me } : { claimant: me };
  const stamp = actor.distro ?? asked.distro;
  const fresh = { anew: true, takes: true, distro: stamp, ...mine };
  if (!current) return ruling(actor, asked, fresh);

  const { before, owned } = standingOf(current);
  const known = statedDistro(current);
  const own = before.principal === actor.principal;
  const isKernel = asked.evidence === 'kernel';
  const above = heightOf(me) - heightOf(before);
  // A kernel file beats a claim of its rank; of the same evidence, the higher rank wins.
  const beats = (above > 0 && (isKernel || !owned)) || (isKernel && !owned && (above === 0 || own));
  const joins = own && isKernel && known === undefined;
  if (actor.distro !== undefined && known !== actor.distro && !beats && !joins) {
    throw foreignDistro(actor.distro, current, isKernel);
  }
  const distro = own ? (known ?? stamp) : known;
  const held = owned ? { owner: before } : { claimant: before };
  const kept = { ...held, distro, takes: false };
  const taken = { ...fresh, distro: actor.distro ?? (own ? distro : stamp) };
  const standing = own && owned ? { owner: ownerAfter(before, me) } : mine;
  const sameCore = current.core.sha256 === asked.coreSha256;
  if (current.state === 'withdrawn') {
    if (!current.withdrawal?.expired && !asked.restore) refuseWithdrawn(current);
    if (asked.restore === true || beats || own || !owned) {
      return ruling(actor, asked, { ...taken, ...standing });
    }
    if (!sameCore) throw otherCore(current, asked, before);
    return ruling(actor, asked, { ...kept, anew: true });
  }
  if (!sameCore) {
    // The kernel's own core, and that of its build's pahole, beat one made from debug information.
    // Parts of others from before the owner was set do not count.
    const isOfBuild = current.core.encoded !== undefined && !asked.encoded;
    const isBetter =
      (isKernel && asked.builtin && current.delivery === 'module') ||
      (current.core.by ?? before.principal) !== actor.principal;
    if (override || beats || (own && (isOfBuild || (owned && isBetter))))
      return ruling(actor, asked, { ...taken, ...standing });
    throw otherCore(current, asked, before);
  }
  if (beats) return ruling(actor, asked, { ...taken, anew: false, ...standing });
  return ruling(actor, asked, { ...kept, anew: false });
}

/** @throws DepotError `forbidden`. */
export function judgeWithdrawal(current: KernelRecord, actor: Actor): void {
  const { buildId } = current;
  requireWithin(actor, { buildId });
  if (actor.distro !== undefined && statedDistro(current) !== actor.distro) {
    throw foreignDistro(actor.distro, current, false);
  }
  const { before, owned } = standingOf(current);
  if (!owned || before.principal !== actor.principal) requireScope(actor, 'withdraw');
}

/** The distribution of a package or a banner neither gives nor takes a right. */
function statedDistro({ distro, distroFrom }: KernelRecord): string | undefined {
  return distroFrom === undefined ? distro : undefined;
}

/** The owner, or the claimant; for an older record, the sender of its first file. */
export function standingOf({ owner, claimant, sources }: KernelRecord): {
  before: Owner;
  owned: boolean;
} {
  if (owner) return { before: owner, owned: true };
  if (claimant) return { before: claimant, owned: false };
  const kernel = sources.find(({ part, kind }) => part === 'kernel' && kind !== 'btf');
  const { by, uploader } = kernel ?? sources[0] ?? {};
  const principal = by ?? uploader ?? LOCAL_PRINCIPAL;
  return { before: { principal, rank: 'token' }, owned: kernel !== undefined };
}

/** @throws DepotError `forbidden` unless the actor has that scope. */
export function requireScope({ scopes }: Pick<Actor, 'scopes'>, scope: Scope): void {
  if (scopes.includes(scope) || scopes.includes('admin')) return;
  throw new DepotError(
    'forbidden',
    `the token has the scopes ${scopes.join(', ')} and needs ${scope}`,
  );
}

function ruling(
  actor: Actor,
  asked: Asked,
  says: Pick<Ruling, 'anew' | 'takes' | 'owner' | 'claimant' | 'distro'>,
): Ruling {
  const { owner, claimant } = says;
  const { principal } = actor;
  const override = asked.replace === true;
  const rules = override || owner?.principal === principal;
  const leads = rules || (!owner && claimant?.principal === principal);
  if (asked.carrier && !rules && !owner?.signers?.includes(principal)) {
    throw new DepotError(
      'not-owner',
      owner
        ? `only the owner of ${asked.buildId}, ${owner.principal}, and its named signers may send carriers`
        : `${asked.buildId} has no owner yet, and only an owner may send carriers; send its kernel too`,
    );
  }
  const isMine = (part: Brought) => (part?.by ?? (owner ?? claimant)?.principal) === principal;
  return {
    ...says,
    rules,
    leads,
    overrides: override,
    marks: rules ? { by: principal } : { by: principal, claimed: true },
    isMine,
    over: (part) => {
      if (!part || override) return 'set';
      if (isMine(part)) return rules && part.claimed === true ? 'set' : 'better';
      return leads ? 'set' : 'keep';
    },
  };
}

/** An operator's assignment is not lost when the principal comes with a lesser token. */
function ownerAfter(before: Owner, me: Owner): Owner {
  return heightOf(me) > heightOf(before) ? { ...before, rank: me.rank } : before;
}

export function rankOf({ principal, distro, buildIdPrefix }: Actor): (typeof RANKS)[number] {
  if (principal.startsWith('upstream:')) return 'upstream';
  if (principal.startsWith('import:')) return 'import';
  return distro === undefined && buildIdPrefix === undefined ? 'token' : 'assigned';
}

/** A rank of a later version is above all ranks known here. */
function heightOf({ rank }: Owner): number {
  const at = RANKS.findIndex((one) => one === rank);
  return at === -1 ? RANKS.length : at;
}

/** Neither the query nor a package extends the limits of a token. */
function requireWithin(
  { buildIdPrefix = '', distro }: Actor,
  asked: { buildId: string; distro?: string | undefined },
): void {
  if (!asked.buildId.startsWith(buildIdPrefix)) {
    throw new DepotError(
      'forbidden',
      `the token is limited to build IDs that begin with ${buildIdPrefix}`,
    );
  }
  if (distro !== undefined && asked.distro !== undefined && asked.distro !== distro) {
    throw new DepotError(
      'forbidden',
      `the token is limited to kernels of ${distro}; this one is of ${asked.distro}`,
    );
  }
}

function foreignDistro(distro: string, current: KernelRecord, isKernel: boolean): DepotError {
  const { buildId } = current;
  const other = statedDistro(current) ?? 'none';
  const way = isKernel
    ? 'the operator can decide with `btfdepot owner set`'
    : 'if the kernel is yours, send its kernel file first';
  return new DepotError(
    'forbidden',
    `the token is limited to kernels of ${distro}, and ${buildId} is published for ${other}; ${way}`,
  );
}

function otherCore(
  { core }: KernelRecord,
  { buildId, coreSha256 }: Asked,
  { principal }: Owner,
): DepotError {
  return new DepotError(
    'core-conflict',
    `${buildId} is published by ${principal} with core ${core.sha256} (${core.size} bytes), ` +
      `and this upload has core ${coreSha256}; the operator can decide with \`btfdepot owner set\``,
  );
}
