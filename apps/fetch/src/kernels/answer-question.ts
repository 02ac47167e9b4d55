import {
  answerVariable,
  askSites,
  findVariable,
  listFunctions,
  listVariablePage,
  mergedBtf,
  resolveVariables,
  variablesAsBtf,
  variablesAsC,
  type AnswerRoom,
  type AskedKernel,
  type SiteSource,
  type Steps,
} from '@btf-depot/depot';
import type { InlineQuestion, VariableQuestion } from './messages.ts';

const encoder = new TextEncoder();

/** The body of an answer, and the next page if not all fitted. */
export interface Body {
  bytes: Uint8Array;
  next?: string | undefined;
}

/** @throws DepotError of the use cases. */
export function* answerQuestion(
  kernel: AskedKernel,
  question: VariableQuestion,
  room: AnswerRoom,
): Steps<Body> {
  switch (question.do) {
    case 'variable':
      return yield* variable(kernel, question, room);
    case 'page':
      return json(yield* listVariablePage(kernel, question, room));
    case 'resolve':
      return json(yield* resolveVariables(kernel, question.names, room));
    case 'merge':
      return { bytes: mergedBtf(kernel.table) };
  }
}

/** About inlined calls. @throws DepotError `unknown-function`. */
export function* answerSites(
  buildId: string,
  source: SiteSource,
  question: InlineQuestion,
  room: AnswerRoom,
): Steps<Body> {
  if (question.do === 'functions') {
    const { functions, more } = yield* listFunctions(source, question, room);
    const next = more ? `${question.skip + functions.length}` : undefined;
    return json({ buildId, functions, next });
  }
  const { sites, more } = yield* askSites(source, question, room);
  return json({ buildId, sites, next: more ? `${question.skip + sites.length}` : undefined });
}

function* variable(
  kernel: AskedKernel,
  { name, form, skip }: VariableQuestion & { do: 'variable' },
  room: AnswerRoom,
): Steps<Body> {
  const { table } = kernel;
  const part = { skip, room };
  switch (form) {
    case 'json': {
      const answer = yield* answerVariable(kernel, name, part);
      return { ...json(answer), next: answer.next };
    }
    case 'c': {
      const { text, next } = yield* variablesAsC(table, findVariable(kernel, name), part);
      return { bytes: encoder.encode(text), next };
    }
    case 'btf':
      return { bytes: yield* variablesAsBtf(table, findVariable(kernel, name)) };
  }
}

function json(value: unknown): Body {
  return { bytes: encoder.encode(`${JSON.stringify(value)}\n`) };
}
