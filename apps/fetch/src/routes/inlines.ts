import type { KernelRecord } from '@btf-depot/contracts';
import { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import { DepotError, missingPart, type SiteQuestion } from '@btf-depot/depot';
import type { z } from 'zod';
import { kernelKey } from '../kernels/kernel-thread.ts';
import { livingRecord } from '../records/living-record.ts';
import type { RecentRecords } from '../records/recent-records.ts';
import type { FetchHandlers } from './handlers.ts';
import type { VariableDeps } from './variables.ts';

/** A kernel's inlined calls: the functions; the sites of one, or those at an address. */
export function inlineHandlers({
  records,
  kernels,
  answers,
  send,
}: Omit<VariableDeps, 'budget' | 'held'>): Pick<FetchHandlers, 'inlines' | 'inlinedFunctions'> {
  return {
    async inlinedFunctions({ request, response, params: { buildId }, query }) {
      const { page: skip, ...asked } = query();
      const { prefix, match = '', limit } = asked;
      const record = await inlinedRecord(records, buildId);
      const key = `${kernelKey(record)} functions ${prefix} ${match} ${limit} ${skip}`;
      const cost = FETCH_ROUTES.inlinedFunctions.price;
      const answer = await answers.get(
        request,
        { key, mediaType: 'application/json', cost },
        (client) => kernels.ask(record, { do: 'functions', ...asked, skip }, client),
      );
      await send(request, response, { ...answer, immutable: false });
    },
    async inlines({ request, response, params: { buildId }, query }) {
      const question = questionOf(query());
      const record = await inlinedRecord(records, buildId);
      const cost = FETCH_ROUTES.inlines.price;
      const answer = await answers.get(
        request,
        { key: keyOf(record, question), mediaType: 'application/json', cost },
        (client) => kernels.ask(record, { do: 'sites', ...question }, client),
      );
      await send(request, response, { ...answer, immutable: false });
    },
  };
}

/** @throws DepotError `no-inlines`, and as `livingRecord` does. */
async function inlinedRecord(records: RecentRecords, buildId: string): Promise<KernelRecord> {
  const record = await livingRecord(records, buildId);
  if (record.parts.inlines) return record;
  throw missingPart(record, 'inlines');
}

function questionOf(query: z.output<typeof FETCH_ROUTES.inlines.query>): SiteQuestion {
  const { function: name, address, limit, page: skip } = query;
  if ((name === undefined) === (address === undefined)) {
    throw new DepotError('bad-query', 'name either a function or an address');
  }
  const asked = name === undefined ? { address: BigInt(hex(address ?? '0')) } : { function: name };
  return { ...asked, limit, skip };
}

function hex(text: string): string {
  return text.startsWith('0x') ? text : `0x${text}`;
}

function keyOf(record: KernelRecord, question: SiteQuestion): string {
  const of = 'function' in question ? question.function : `${question.address}`;
  return `${kernelKey(record)} sites ${of} ${question.limit} ${question.skip}`;
}
