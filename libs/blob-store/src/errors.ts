import type { ProblemCode } from '@btf-depot/contracts';

/** The store did not do what it was asked: unreachable, silent, full, or without permission. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'store-unavailable' satisfies ProblemCode;
}

/** The store has no room for what it was given; it goes on when there is some. */
export class StoreFull extends StoreUnavailable {}

/** A hash or a build ID that is none: refused before it becomes part of a path or key. */
export class BadName extends Error {
  override readonly name = 'BadName';
  readonly code: 'bad-hash' | 'bad-build-id';

  constructor(code: BadName['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The server that was named does not keep its word, so that nothing may rest on it. */
export class UnfitStore extends Error {
  override readonly name = 'UnfitStore';
}
