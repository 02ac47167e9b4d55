import { mergeBtf } from '@btf-depot/btf';
import {
  answerVariable,
  findVariable,
  listVariablePage,
  resolveVariables,
  variablesAsBtf,
  variablesAsC,
  type AskedKernel,
} from '@btf-depot/depot';
import type { Question } from './messages.ts';

const encoder = new TextEncoder();

/** The body of an answer. @throws DepotError as the use cases do. */
export function answerQuestion(kernel: AskedKernel, question: Question): Uint8Array {
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

function variable(kernel: AskedKernel, { name, form }: Question & { do: 'variable' }): Uint8Array {
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
