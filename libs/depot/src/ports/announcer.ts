import type { KernelRecord } from '@btf-depot/contracts';

/** Notifies somebody outside of a ready kernel. */
export interface Announcer {
  /**
   * Resolves when the receiver has the notice, or refuses it for good; it recognises repeated ones.
   * @throws AnnounceLater to try again later.
   */
  announce(record: KernelRecord): Promise<void>;
}

/** It failed, and may succeed later. */
export class AnnounceLater extends Error {
  override readonly name = 'AnnounceLater';
  /** The receiver does not answer: the next one need not be tried either. */
  readonly nobody: boolean;

  constructor(message: string, nobody: boolean, options?: ErrorOptions) {
    super(message, options);
    this.nobody = nobody;
  }
}
