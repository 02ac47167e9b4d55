import type { Patience, RetryOptions, UploadRequest } from '@btf-depot/client';
import type { UploadPart } from '@btf-depot/contracts';
import type { ProgressBar } from '../../terminal/progress-bar.ts';

/** What may be sent beside a kernel. */
export const BESIDE = ['full', 'module', 'map', 'carrier'] as const satisfies UploadPart[];

/**
 * How one file is sent, with the paths of what goes beside it: BTF with global variables that the
 * kernel's build wrote, a module of the build or a package that has one, its System.map, its
 * carrier.
 */
export interface PushOptions extends Partial<Record<(typeof BESIDE)[number], string | undefined>> {
  query: NonNullable<UploadRequest['query']>;
  /** Of the token that it is sent with. */
  tokenId?: string | undefined;
  /** The part that the file is, where it does not show it: a carrier may look like any module. */
  as?: 'carrier' | 'full' | undefined;
  /** Splits on this machine and sends only what the depot reads. */
  splitHere?: boolean | undefined;
  progress?: ProgressBar | undefined;
  /** How often, and after what pauses, what fails for the moment is tried again. */
  patience?: Patience;
  onRetry?: RetryOptions['onRetry'];
  signal?: AbortSignal;
}
