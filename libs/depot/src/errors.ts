import type { ProblemCode } from '@btf-depot/contracts';

/** A failure that the caller is told about: a stable code, and a detail for people. */
export class DepotError extends Error {
  override readonly name = 'DepotError';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
