import type { ProblemCode, VariableForm } from '@btf-depot/contracts';
import type {
  AnswerLimits,
  FunctionList,
  SiteParts,
  SiteQuestion,
  VariableList,
  VariableParts,
} from '@btf-depot/depot';

/** What can be asked of a kernel whose variables are open. */
export type VariableQuestion =
  | { do: 'variable'; name: string; form: VariableForm; skip: number }
  | ({ do: 'page' } & VariableList)
  | { do: 'resolve'; names: string[] }
  | { do: 'merge' };

/** What can be asked of a kernel whose inlined calls are open. */
export type InlineQuestion =
  ({ do: 'sites' } & SiteQuestion) | ({ do: 'functions' } & FunctionList);

/** What can be asked of an opened kernel; each question is of one of its openings. */
export type Question = VariableQuestion | InlineQuestion;

/** Whether it is a question about inlined calls. */
export function isOfSites(question: Question): question is InlineQuestion {
  return question.do === 'sites' || question.do === 'functions';
}

/** What a kernel is opened from: for questions about variables, or about inlined calls. */
export type OpenedParts = { of: 'vars'; parts: VariableParts } | { of: 'sites'; parts: SiteParts };

/** One question to the thread. */
export interface Asked {
  id: number;
  /** Who asks, as far as turns go. */
  client: string;
  buildId: string;
  question: Question;
}

/** `key` names the revision of a kernel, and what of it is open. */
export type Request =
  | { do: 'ask'; key: string; asked: Asked }
  /** Opens the kernel, and answers all of these with it, whatever else is opened meanwhile. */
  | { do: 'open'; id: number; client: string; key: string; open: OpenedParts; asked: Asked[] }
  /** Another client wants the same. */
  | { do: 'join'; id: number; client: string }
  /** Nobody waits for it any more. */
  | { do: 'forget'; id: number };

/** A made answer, with its SHA-256. `next`: there was no room for more, the next page has it. */
export interface Made {
  bytes: Uint8Array;
  sha256: string;
  next: string | undefined;
}

/**
 * Expected failures are values: an error's own fields do not survive the way between threads.
 * `took`: milliseconds of the processor.
 */
export type Reply = { id: number; took: number } & (
  | { made: Made }
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

/** What the thread is started with. */
export interface ThreadData {
  /** Bytes of kernels that are kept open. */
  maxBytes: number;
  answer: AnswerLimits;
  /** Milliseconds of the processor for one question, or one opening. */
  questionTime: number;
  /** Two words: the id of what runs, 0 for nothing, and a number that every step changes. */
  running: Int32Array;
}
