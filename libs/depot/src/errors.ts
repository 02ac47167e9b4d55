import type { ProblemCode } from '@btf-depot/contracts';

/** A failure that the caller is told about: a stable code, and a detail for people. */
export class DepotError extends Error {
  override readonly name = 'DepotError';
  readonly code: ProblemCode;
  /** Members of the problem answer beyond the detail, for programs. */
  readonly members: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    options?: ErrorOptions & { members?: Readonly<Record<string, unknown>> },
  ) {
    super(detail, options);
    this.code = code;
    this.members = options?.members;
  }
}

export function unknownKernel(buildId: string): DepotError {
  return new DepotError('unknown-build-id', `no kernel of build ID ${buildId}`);
}

/** Nothing removes a record: it can only be missing by a fault of the depot or its store. */
export function vanished(buildId: string): DepotError {
  return new DepotError('internal', `the record of ${buildId} vanished`);
}
