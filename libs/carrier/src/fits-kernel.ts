import type { Judgement } from './judge/judge-carrier.ts';
import type { CarrierContents } from './read-carrier.ts';
import type { StructModule } from './struct-module.ts';

/** A system's facts about its kernel. */
export interface RunningKernel {
  /** From the note in /sys/kernel/notes, lowercase hexadecimal. */
  readonly buildId?: string | undefined;
  /** SHA-256 of /sys/kernel/btf/vmlinux, lowercase hexadecimal. */
  readonly btfSha256?: string | undefined;
  /**
   * It loads only signed modules: /sys/module/module/parameters/sig_enforce is `Y`, or
   * /sys/kernel/security/lockdown says `[integrity]` or `[confidentiality]`.
   */
  readonly enforcesSignatures?: boolean | undefined;
  /** From its BTF; for `judgeCarrier`. */
  readonly structModule?: StructModule | undefined;
}

/** Why a module must not be loaded, or would be loaded in vain. */
export type Misfit =
  /** It states neither a build ID nor a base: it is none of our carriers. */
  | 'no-carrier'
  /** It lacks what a module loader demands. */
  | 'container'
  /** It has more than BTF, so that loading it could run code: see `judgeCarrier`. */
  | 'unsafe'
  /** The system shows neither its build ID nor its BTF: there is nothing to compare. */
  | 'unknown-kernel'
  | 'other-build-id'
  /** The base of its BTF is not this kernel's own BTF. */
  | 'other-base'
  /** The kernel would refuse it; it also refuses a signed one without a trusted signature. */
  | 'not-signed';

/**
 * Why a carrier does not fit the running kernel; undefined if it does. Ask before `insmod`: the
 * kernel itself compares neither build ID nor the base of BTF, and with module versions not even
 * the release. It would load the carrier of another build, whose ids mean something else there.
 */
export function misfit(
  carrier: CarrierContents & { readonly judgement: Judgement },
  running: RunningKernel,
): Misfit | undefined {
  const { buildId, baseSha256 } = carrier;
  if (buildId === undefined || baseSha256 === undefined) return 'no-carrier';
  if (carrier.judgement.as === 'refused') return 'unsafe';
  if (!carrier.loadable) return 'container';
  if (running.buildId === undefined && running.btfSha256 === undefined) return 'unknown-kernel';
  if (running.buildId !== undefined && running.buildId !== buildId) return 'other-build-id';
  if (running.btfSha256 !== undefined && running.btfSha256 !== baseSha256) return 'other-base';
  return running.enforcesSignatures === true && !carrier.signed ? 'not-signed' : undefined;
}
