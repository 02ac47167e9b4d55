import type { ProblemCode, VariableForm } from '@btf-depot/contracts';
import type {
  AnswerLimits,
  FunctionList,
  SiteParts,
  SiteQuestion,
  VariableList,
  VariableParts,
} from '@btf-depot/depot';

/** Questions about a kernel's variables. */
export type VariableQuestion =
  | { do: 'variable'; name: string; form: VariableForm; skip: number }
  | ({ do: 'page' } & VariableList)
  | { do: 'resolve'; names: string[] }
  | { do: 'merge' };

/** Questions about a kernel's inlined calls. */
export type InlineQuestion =
  ({ do: 'sites' } & SiteQuestion) | ({ do: 'functions' } & FunctionList);

/** Questions about an opened kernel; each belongs to one of its openings. */
export type Question = VariableQuestion | InlineQuestion;

/** Whether it is a question about inlined calls. */
export function isOfSites(question: Question): question is InlineQuestion {
  return question.do === 'sites' || question.do === 'functions';
}

/** The parts of a kernel to open: for questions about variables, or about inlined calls. */
export type OpenedParts = { of: 'vars'; parts: VariableParts } | { of: 'sites'; parts: SiteParts };

/** One question to the thread. */
export interface Asked {
  id: number;
  /** The asking client, for turns. */
  client: string;
  buildId: string;
  question: Question;
}

/** `key` names the revision of a kernel, and the opened parts. */
export type Request =
  | { do: 'ask'; key: string; asked: Asked }
  /** Opens the kernel, and answers all of these with it, whatever else is opened meanwhile. */
  | { do: 'open'; id: number; client: string; key: string; open: OpenedParts; asked: Asked[] }
  /** Another client wants the same answer. */
  | { do: 'join'; id: number; client: string }
  /** Nobody waits for it any more. */
  | { do: 'forget'; id: number };

/** A computed answer, with its SHA-256. `next`: not all fitted; the next page has the rest. */
export interface Made {
  bytes: Uint8Array;
  sha256: string;
  next: string | undefined;
}

/**
 * Expected failures are values, since an error's own fields do not survive the transfer between
 * threads. `took`: milliseconds of the processor.
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

/** Start parameters of the thread. */
export interface ThreadData {
  /** Bytes of open kernels. */
  maxBytes: number;
  answer: AnswerLimits;
  /** Milliseconds of the processor for one question, or one opening. */
  questionTime: number;
  /**
   * Two words: the id of the running question, 0 for none, and a number that every step changes.
   */
  running: Int32Array;
}
