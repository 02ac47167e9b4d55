import type { Judgement } from './judge/judge-carrier.ts';
import type { CarrierContents } from './read-carrier.ts';
import type { StructModule } from './struct-module.ts';

/** What a system says of its kernel. */
export interface RunningKernel {
  /** Of the note in /sys/kernel/notes, lowercase hexadecimal. */
  readonly buildId?: string | undefined;
  /** SHA-256 of /sys/kernel/btf/vmlinux, lowercase hexadecimal. */
  readonly btfSha256?: string | undefined;
  /**
   * It loads only what is signed: /sys/module/module/parameters/sig_enforce is `Y`, or
   * /sys/kernel/security/lockdown says `[integrity]` or `[confidentiality]`.
   */
  readonly enforcesSignatures?: boolean | undefined;
  /** In its BTF; for `judgeCarrier`. */
  readonly structModule?: StructModule | undefined;
}

/** Why a module must not be loaded, or would be loaded in vain. */
export type Misfit =
  /** It says neither a build ID nor a base: none of our carriers. */
  | 'no-carrier'
  /** It has not what a module loader insists on. */
  | 'container'
  /** It holds more than BTF, so that loading it could run code: see `judgeCarrier`. */
  | 'unsafe'
  /** The system says neither its build ID nor its BTF: nothing can be compared. */
  | 'unknown-kernel'
  | 'other-build-id'
  /** Its BTF stands on other bytes than this kernel's own BTF. */
  | 'other-base'
  /** The kernel would refuse it; one with a signature is refused too if no key of it is trusted. */
  | 'not-signed';

/**
 * Why a carrier is not for the kernel that runs; undefined if it is. To be asked before `insmod`:
 * the kernel itself compares neither build ID nor the base of BTF, and with module versions not
 * even the release, so it takes the carrier of another build with ids that mean something else
 * there.
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
