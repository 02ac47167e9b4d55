import {
  VARIABLE_FORMS,
  variableNameSchema,
  type KernelRecord,
  type VariableForm,
} from '@btf-depot/contracts';
import { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import { DepotError } from '@btf-depot/depot';
import { clientOf } from '@btf-depot/service-kit';
import type { z } from 'zod';
import { preferred } from '../answers/accept-header.ts';
import type { Answers } from '../answers/answers.ts';
import type { SendBlob } from '../answers/send-blob.ts';
import type { HeldMemory } from '../blobs/held-memory.ts';
import { sendJson } from '../blobs/send-bytes.ts';
import type { Budget } from '../clients/budget.ts';
import { kernelKey, type KernelThread } from '../kernels/kernel-thread.ts';
import { livingRecord } from '../records/living-record.ts';
import type { RecentRecords } from '../records/recent-records.ts';
import type { FetchHandlers } from './handlers.ts';

export interface VariableDeps {
  records: RecentRecords;
  kernels: KernelThread;
  answers: Answers;
  budget: Budget;
  held: HeldMemory;
  send: SendBlob;
}

/** A kernel's variables: a list by prefix, one by name, many by name. */
export function variableHandlers({
  records,
  kernels,
  answers,
  budget,
  held,
  send,
}: VariableDeps): Pick<FetchHandlers, 'variables' | 'variable' | 'resolve'> {
  const { variables, variable, resolve } = FETCH_ROUTES;
  return {
    async variables({ request, response, params: { buildId }, query }) {
      const asked = query();
      const record = await livingRecord(records, buildId);
      const answer = await answers.get(
        request,
        { key: pageKey(record, asked), mediaType: VARIABLE_FORMS.json, cost: variables.price },
        (client) => kernels.ask(record, { do: 'page', ...asked }, client),
      );
      await send(request, response, { ...answer, immutable: false });
    },
    async variable({ request, response, params: { buildId, name }, query }) {
      const { as, page: skip } = query();
      const form = as ?? formOf(request.headers.accept);
      const record = await livingRecord(records, buildId);
      if (!variableNameSchema.safeParse(name).success) {
        throw new DepotError(
          'unknown-variable',
          'a variable name has 1 to 512 characters: letters, digits and _ $ .',
        );
      }
      const answer = await answers.get(
        request,
        {
          key: variableKey(record, form, name, skip),
          mediaType: VARIABLE_FORMS[form],
          cost: variable.price,
          more: (next) =>
            next === undefined
              ? {}
              : { headers: { Link: `<?as=${form}&page=${next}>; rel="next"` } },
        },
        (client) => kernels.ask(record, { do: 'variable', name, form, skip }, client),
      );
      await send(request, response, { ...answer, immutable: false, vary: 'Accept' });
    },
    async resolve({ request, response, params: { buildId }, body }) {
      const record = await livingRecord(records, buildId);
      const { names } = await body();
      budget.spend(request, names.length * resolve.priceEach);
      const { bytes } = await kernels.ask(record, { do: 'resolve', names }, clientOf(request));
      response.setHeader('Cache-Control', 'no-store');
      sendJson(response, bytes, held);
    },
  };
}

/** The form that a client prefers; JSON if it takes none of them. */
export function formOf(accept: string | undefined): VariableForm {
  if (accept === undefined || accept === '*/*') return 'json';
  const forms = Object.keys(VARIABLE_FORMS) as VariableForm[];
  const type = preferred(accept, Object.values(VARIABLE_FORMS));
  return forms.find((form) => VARIABLE_FORMS[form] === type) ?? 'json';
}

/** The key of one variable's answer. */
export function variableKey(
  record: KernelRecord,
  form: VariableForm,
  name: string,
  skip = 0,
): string {
  return `${kernelKey(record)} ${form} ${name} ${skip}`;
}

function pageKey(
  record: KernelRecord,
  { prefix, match = '', limit, page = '' }: z.output<typeof FETCH_ROUTES.variables.query>,
): string {
  return `${kernelKey(record)} page ${prefix} ${match} ${limit} ${page}`;
}
