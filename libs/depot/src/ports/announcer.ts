import type { KernelRecord } from '@btf-depot/contracts';

/** Tells somebody outside that a kernel is ready. */
export interface Announcer {
  /**
   * Resolves when it was told, or will not be heard; what is told twice is known as the same by
   * its receiver.
   * @throws AnnounceLater where it is to be tried again.
   */
  announce(record: KernelRecord): Promise<void>;
}

/** It was not told, and may be later. */
export class AnnounceLater extends Error {
  override readonly name = 'AnnounceLater';
  /** Nobody answers there: then the next one need not be tried either. */
  readonly nobody: boolean;

  constructor(message: string, nobody: boolean, options?: ErrorOptions) {
    super(message, options);
    this.nobody = nobody;
  }
}
