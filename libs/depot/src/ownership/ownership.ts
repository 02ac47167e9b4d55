/**
 * Who may change what of a kernel. Nothing proves a build ID, for anyone can write an ELF file; so
 * the depot decides by who came first, and by whom its operator trusts. `judgeUpload` decides for
 * uploads and `judgeWithdrawal` for withdrawals. Both are pure, and what they say counts only
 * within the compare-and-swap of the record: see updateRecord. SECURITY.md has it for farms.
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

/** Who acts: a token's holder, or LOCAL_ACTOR in a depot without tokens. */
export interface Actor {
  principal: string;
  scopes: readonly string[];
  /** An operator assigned it the kernels of this distribution, or whose build ID begins so. */
  distro?: string | undefined;
  buildIdPrefix?: string | undefined;
}

export const LOCAL_ACTOR: Actor = { principal: LOCAL_PRINCIPAL, scopes: ['admin'] };

/** What an upload is, as far as ownership goes. */
export interface Asked {
  buildId: string;
  coreSha256: string;
  /** That core is made of debug information, for the kernel's build made none. */
  encoded: boolean;
  /** `kernel`: a file with its note that brings core; anything else is a claim. */
  evidence: 'kernel' | 'claim';
  /** The kernel has its core inside. */
  builtin: boolean;
  /** It brings a carrier. */
  carrier: boolean;
  distro?: string | undefined;
  restore?: boolean | undefined;
  replace?: boolean | undefined;
}

type Brought = { by?: string | undefined; claimed?: true | undefined } | undefined;

export interface Ruling {
  /** The record is made from nothing but the upload. */
  anew: boolean;
  /** The kernel is the actor's from now on, and was not (at this rank) before. */
  takes: boolean;
  /** The actor may change the kernel: it owns it, or overrides. */
  rules: boolean;
  overrides: boolean;
  /** It rules, or was the first to claim a kernel that has no owner. */
  leads: boolean;
  /** What the record says of these from now on. */
  owner?: Owner | undefined;
  claimant?: Owner | undefined;
  distro?: string | undefined;
  /** What a part that the upload brings has to say. */
  marks: { by: string; claimed?: true };
  /** `better`: the one that says more stays, for both are of one principal. */
  over(part: Brought): 'set' | 'better' | 'keep';
  isMine(part: Brought): boolean;
}

/**
 * @param current undefined: the kernel is not known.
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
  // A kernel beats a claim of its rank; a higher rank beats a lower one's of the same evidence.
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
    // The kernel's own core is better than what was told from its debug information, and so is what
    // its build's pahole made; and what others brought was there before the kernel was given to its
    // owner.
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

/** What a package or a banner says of its distribution gives nobody a right, and takes none. */
function statedDistro({ distro, distroFrom }: KernelRecord): string | undefined {
  return distroFrom === undefined ? distro : undefined;
}

/** The owner, or whose claim the record is; of an older record, whoever sent its first file. */
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

/** The operator's word on a principal is not lost when it comes with a lesser token. */
function ownerAfter(before: Owner, me: Owner): Owner {
  return heightOf(me) > heightOf(before) ? { ...before, rank: me.rank } : before;
}

function rankOf({ principal, distro, buildIdPrefix }: Actor): (typeof RANKS)[number] {
  if (principal.startsWith('upstream:')) return 'upstream';
  if (principal.startsWith('import:')) return 'import';
  return distro === undefined && buildIdPrefix === undefined ? 'token' : 'assigned';
}

/** A rank that a later version gave is above all that this one knows. */
function heightOf({ rank }: Owner): number {
  const at = RANKS.findIndex((one) => one === rank);
  return at === -1 ? RANKS.length : at;
}

/** Neither the query nor what a package says widens what a token is for. */
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
