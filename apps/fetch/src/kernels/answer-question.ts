import { mergeBtf } from '@btf-depot/btf';
import {
  answerVariable,
  askSites,
  findVariable,
  listVariablePage,
  resolveVariables,
  variablesAsBtf,
  variablesAsC,
  type AskedKernel,
  type SiteQuestion,
  type SiteSource,
} from '@btf-depot/depot';
import type { VariableQuestion } from './messages.ts';

const encoder = new TextEncoder();

/** The body of an answer. @throws DepotError as the use cases do. */
export function answerQuestion(kernel: AskedKernel, question: VariableQuestion): Uint8Array {
  switch (question.do) {
    case 'variable':
      return variable(kernel, question);
    case 'page':
      return json(listVariablePage(kernel, question));
    case 'resolve':
      return json(resolveVariables(kernel, question.names));
    case 'merge':
      return mergeBtf(kernel.table.btf);
  }
}

/** The body of an answer about inlined calls. @throws DepotError `unknown-function`. */
export function answerSites(
  buildId: string,
  source: SiteSource,
  question: SiteQuestion,
): Uint8Array {
  const { sites, more } = askSites(source, question);
  return json({ buildId, sites, ...(more && { next: `${question.skip + sites.length}` }) });
}

function variable(
  kernel: AskedKernel,
  { name, form }: VariableQuestion & { do: 'variable' },
): Uint8Array {
  const { table } = kernel;
  switch (form) {
    case 'json':
      return json(answerVariable(kernel, name));
    case 'c':
      return encoder.encode(variablesAsC(table, findVariable(kernel, name)));
    case 'btf':
      return variablesAsBtf(table, findVariable(kernel, name));
  }
}

function json(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}
