import { statfs } from 'node:fs/promises';
import { DepotError } from '@btf-depot/depot';

export interface AdmissionRules {
  /** Uploads at one time. */
  uploads: number;
  /** Uploads that a token may begin in a minute, at this process. */
  perMinute: number;
  /** Bytes of the data folder's file system that uploads leave free. */
  keepFree: number;
  /** Throws where so many files wait for a thread that no more should come. */
  checkRoom: () => void;
}

const MINUTE = 60_000;

/** Decides at the door whether an upload may begin, before any of its bytes are read. */
export class Admission {
  readonly #folder: string;
  readonly #rules: AdmissionRules;
  readonly #begun = new Map<string, { since: number; count: number }>();
  #running = 0;

  constructor(folder: string, rules: AdmissionRules) {
    this.#folder = folder;
    this.#rules = rules;
  }

  /**
   * @param announced bytes of the upload; 0 where it does not say.
   * @returns what the caller calls when the upload has ended.
   * @throws DepotError `rate-exceeded`, `too-many-uploads`, `busy`, `disk-full`.
   */
  async enter(token: string | undefined, announced: number): Promise<() => void> {
    if (token !== undefined) this.#count(token);
    const { uploads } = this.#rules;
    if (this.#running >= uploads) {
      throw new DepotError('too-many-uploads', `${uploads} uploads are under way, try again later`);
    }
    this.#rules.checkRoom();
    this.#running++;
    try {
      await this.checkSpace(announced);
    } catch (error) {
      this.#running--;
      throw error;
    }
    return () => {
      this.#running--;
    };
  }

  /** @throws DepotError `disk-full` where so many bytes more would use what is to stay free. */
  async checkSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    const free = bavail * bsize;
    const { keepFree } = this.#rules;
    if (free - bytes >= keepFree) return;
    throw new DepotError('disk-full', `${free} bytes are free, ${keepFree} are to stay so`);
  }

  #count(token: string): void {
    const now = performance.now();
    for (const [id, { since }] of this.#begun) if (now - since > MINUTE) this.#begun.delete(id);
    const begun = this.#begun.get(token) ?? { since: now, count: 0 };
    this.#begun.set(token, begun);
    const { perMinute } = this.#rules;
    if (begun.count >= perMinute) {
      throw new DepotError('rate-exceeded', `a token may begin ${perMinute} uploads in a minute`);
    }
    begun.count++;
  }
}
