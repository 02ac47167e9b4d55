import type { ProblemCode, VariableForm } from '@btf-depot/contracts';
import type { SiteParts, SiteQuestion, VariableParts } from '@btf-depot/depot';

/** What can be asked of a kernel whose variables are open. */
export type VariableQuestion =
  | { do: 'variable'; name: string; form: VariableForm }
  | { do: 'page'; prefix: string; limit: number; page?: string }
  | { do: 'resolve'; names: string[] }
  | { do: 'merge' };

/** What can be asked of an opened kernel; each question is of one of its openings. */
export type Question = VariableQuestion | ({ do: 'sites' } & SiteQuestion);

/** What a kernel is opened from: for questions about variables, or about inlined calls. */
export type OpenedParts = { of: 'vars'; parts: VariableParts } | { of: 'sites'; parts: SiteParts };

export type Request = {
  id: number;
  /** Names the revision of a kernel, and what of it is open. */
  key: string;
} & ({ buildId: string; question: Question } | { open: OpenedParts });

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
