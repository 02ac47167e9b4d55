import type { ProblemCode, VariableForm } from '@btf-depot/contracts';
import type { VariableParts } from '@btf-depot/depot';

/** What can be asked of an opened kernel. */
export type Question =
  | { do: 'variable'; name: string; form: VariableForm }
  | { do: 'page'; prefix: string; limit: number; page?: string }
  | { do: 'resolve'; names: string[] }
  | { do: 'merge' };

export type Request = {
  id: number;
  /** Names the revision of a kernel. */
  key: string;
} & ({ buildId: string; question: Question } | { open: VariableParts });

/** Expected failures are values: an error's own fields do not survive the way between threads. */
export type Reply = { id: number } & (
  | { bytes: Uint8Array }
  | { opened: true }
  | { closed: true }
  | {
      refused: {
        code: ProblemCode;
        detail: string;
        members: Readonly<Record<string, unknown>> | undefined;
      };
    }
  | { failed: string }
);
