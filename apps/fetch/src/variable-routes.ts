import {
  isBuildId,
  resolveRequestSchema,
  VARIABLE_FORMS,
  variableNameSchema,
  type KernelRecord,
  type VariableForm,
} from '@btf-depot/contracts';
import { DepotError, refuseWithdrawn } from '@btf-depot/depot';
import { clientOf, onlyMethods, readJson, readQuery } from '@btf-depot/service-kit';
import { Router } from 'express';
import { z } from 'zod';
import type { Answers } from './answers.ts';
import type { HeldMemory } from './blobs/held-memory.ts';
import { sendJson } from './blobs/send-bytes.ts';
import { COSTS, type Budget } from './clients/budget.ts';
import { kernelKey, type KernelThread } from './kernels/kernel-thread.ts';
import { pageLimit } from './page-limit.ts';
import { preferred } from './preference.ts';
import type { RecentRecords } from './recent-records.ts';
import type { SendBlob } from './send-blob.ts';

/** A thousand names of 100 characters. */
const MAX_RESOLVE_BODY = 128 * 1024;

/** How many earlier pages had. */
export const skipped = z
  .string()
  .regex(/^\d{1,8}$/)
  .prefault('0')
  .transform(Number);

const pageQuery = z.strictObject({
  prefix: variableNameSchema.or(z.literal('')).default(''),
  limit: pageLimit,
  page: z.string().max(600).exactOptional(),
});

const variableQuery = z.strictObject({
  as: z.enum(Object.keys(VARIABLE_FORMS) as VariableForm[]).exactOptional(),
  page: skipped,
});

export interface VariableRoutesDeps {
  records: RecentRecords;
  kernels: KernelThread;
  answers: Answers;
  budget: Budget;
  held: HeldMemory;
  send: SendBlob;
}

/** A kernel's variables: a list by prefix, one by name, many by name. */
export function variableRoutes({
  records,
  kernels,
  answers,
  budget,
  held,
  send,
}: VariableRoutesDeps): Router {
  const router = Router();
  const list = router.route('/v1/kernels/:buildId/vars');
  list.get(async (request, response) => {
    const query = readQuery(request.query, pageQuery);
    const record = await livingRecord(records, request.params.buildId);
    const answer = await answers.get(
      request,
      { key: pageKey(record, query), mediaType: VARIABLE_FORMS.json, cost: COSTS.page },
      (client) => kernels.ask(record, { do: 'page', ...query }, client),
    );
    send(request, response, { ...answer, immutable: false });
  });
  list.all(onlyMethods('GET, HEAD'));

  const resolve = router.route('/v1/kernels/:buildId/vars/resolve');
  resolve.post(async (request, response) => {
    const record = await livingRecord(records, request.params.buildId);
    const { names } = await readJson(request, resolveRequestSchema, MAX_RESOLVE_BODY);
    budget.spend(request, names.length);
    const { bytes } = await kernels.ask(record, { do: 'resolve', names }, clientOf(request));
    response.setHeader('Cache-Control', 'no-store');
    sendJson(response, bytes, held);
  });

  const one = router.route('/v1/kernels/:buildId/vars/:name');
  one.get(async (request, response) => {
    const { as, page: skip } = readQuery(request.query, variableQuery);
    const form = as ?? formOf(request.headers.accept);
    const record = await livingRecord(records, request.params.buildId);
    const { name } = request.params;
    if (!variableNameSchema.safeParse(name).success) {
      throw new DepotError('unknown-variable', 'no variable can have this name');
    }
    const answer = await answers.get(
      request,
      {
        key: variableKey(record, form, name, skip),
        mediaType: VARIABLE_FORMS[form],
        cost: COSTS.variable,
        more: (next) =>
          next === undefined ? {} : { headers: { Link: `<?as=${form}&page=${next}>; rel="next"` } },
      },
      (client) => kernels.ask(record, { do: 'variable', name, form, skip }, client),
    );
    send(request, response, { ...answer, immutable: false, vary: 'Accept' });
  });
  one.all(onlyMethods('GET, HEAD'));
  return router;
}

/** The form that a client takes; JSON where it has no wish that can be met. */
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

function pageKey(record: KernelRecord, query: z.output<typeof pageQuery>): string {
  return `${kernelKey(record)} page ${query.prefix} ${query.limit} ${query.page ?? ''}`;
}

/** @throws DepotError `bad-build-id`, `unknown-build-id`, `withdrawn`. */
export async function livingRecord(records: RecentRecords, buildId: string): Promise<KernelRecord> {
  if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
  const record = await records.get(buildId);
  refuseWithdrawn(record);
  return record;
}
