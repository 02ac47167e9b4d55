import type { ProblemCode } from '@btf-depot/contracts';

/** The store failed: it is unreachable, silent or full, or refuses access. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'store-unavailable' satisfies ProblemCode;
}

/** The store is full; it works again once there is room. */
export class StoreFull extends StoreUnavailable {}

/** A malformed hash or build ID: refused before it becomes part of a path or key. */
export class BadName extends Error {
  override readonly name = 'BadName';
  readonly code: 'bad-hash' | 'bad-build-id';

  constructor(code: BadName['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The server breaks a promise that records need. */
export class UnfitStore extends Error {
  override readonly name = 'UnfitStore';
}
