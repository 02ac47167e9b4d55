import type { Patience, RetryOptions, UploadRequest } from '@btf-depot/client';
import { UPLOAD_PARTS } from '@btf-depot/contracts';
import type { ProgressBar } from '../../terminal/progress-bar.ts';

/** Files that may be sent with a kernel. */
export const BESIDE = UPLOAD_PARTS.filter((part) => part !== 'kernel');

/**
 * How one file is sent, with the paths of files beside it: BTF with global variables from the
 * kernel's build, a module of the build or a package with one, its System.map, its carrier.
 */
export interface PushOptions extends Partial<Record<(typeof BESIDE)[number], string | undefined>> {
  query: NonNullable<UploadRequest['query']>;
  /** The token's principal. */
  tokenId?: string | undefined;
  /**
   * The part that the file is, if the file does not show it: a carrier may look like any module.
   */
  as?: 'carrier' | 'full' | undefined;
  /** Splits on this machine and sends only what the depot reads. */
  splitHere?: boolean | undefined;
  progress?: ProgressBar | undefined;
  /** How often, and after what pauses, temporary failures are retried. */
  patience?: Patience;
  onRetry?: RetryOptions['onRetry'];
  signal?: AbortSignal;
}
