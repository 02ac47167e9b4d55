import { z } from 'zod';
import { ARTIFACTS } from '../artifact.ts';
import { buildIdSchema, sha256Schema } from '../build-id.ts';
import { functionNameSchema, siteAddressSchema, sitePageSchema } from '../inline.ts';
import type { ProblemCode } from '../problem.ts';
import { kernelRecordSchema } from '../record.ts';
import { lookupAnswerSchema, lookupRequestSchema, searchAnswerSchema } from '../search.ts';
import { statusAnswerSchema } from '../status.ts';
import { keysAnswerSchema } from '../trust/keys.ts';
import {
  resolveAnswerSchema,
  resolveRequestSchema,
  VARIABLE_FORMS,
  variableAnswerSchema,
  variableNameSchema,
  variablePageSchema,
} from '../variable.ts';

/** One route as clients see it. */
export interface RouteDocument {
  method: 'get' | 'post';
  /** With `{parameters}`. */
  path: string;
  summary: string;
  /** What the summary and the parameters cannot say. */
  description?: string;
  parameters?: Record<string, z.ZodType>;
  query?: Record<string, z.ZodType>;
  body?: z.ZodType;
  /** Media type → what a 200 has; `null`: bytes. */
  answers: Record<string, z.ZodType | null>;
  /** Bytes that can be asked for in ranges, and by their ETag. */
  blob?: boolean;
  problems: ProblemCode[];
}

const OCTETS = 'application/octet-stream';
const JSON_TYPE = 'application/json';

const ARTIFACT_ANSWERS = Object.fromEntries(
  Object.values(ARTIFACTS).map((type) => [type.replace(/;.*/, ''), null]),
);

const kernel = { buildId: buildIdSchema };
const ofKernel: ProblemCode[] = [
  'bad-build-id',
  'unknown-build-id',
  'withdrawn',
  'store-unavailable',
];
const limit = z.number().int().min(1).max(1000);
const page = z.string();
/** How many entries the pages before had. */
const skipped = z.string().regex(/^\d{1,8}$/);
/** An answer that took too much is not tried again for a while. */
const tooMuch: ProblemCode[] = ['time-limit', 'memory-limit'];

/** What the fetch service answers. To add a route, add it here and to apps/fetch. */
export const FETCH_ROUTES: RouteDocument[] = [
  {
    method: 'get',
    path: '/v1/kernels',
    summary: 'Kernels by what is known of them, in the order of their build IDs',
    query: {
      distro: z.string().min(1).max(128),
      release: z.string().min(1).max(128).describe('What the release begins with.'),
      arch: z.string().min(1).max(128),
      buildId: z
        .string()
        .regex(/^[0-9a-f]{1,128}$/)
        .describe('What the build ID begins with.'),
      limit,
      page: z
        .string()
        .regex(/^[0-9a-f]{1,128}$/)
        .describe('`next` of the answer before.'),
    },
    answers: { [JSON_TYPE]: searchAnswerSchema },
    problems: ['bad-query', 'busy', 'budget-spent', 'store-unavailable'],
  },
  {
    method: 'post',
    path: '/v1/kernels/lookup',
    summary: 'Many build IDs and releases at once: have, missing, ambiguous',
    body: lookupRequestSchema,
    answers: { [JSON_TYPE]: lookupAnswerSchema },
    problems: [
      'bad-body',
      'too-large',
      'unsupported-media',
      'busy',
      'budget-spent',
      'store-unavailable',
    ],
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}',
    summary: 'The record of a kernel: what there is, sizes, hashes, where it came from',
    parameters: kernel,
    answers: { [JSON_TYPE]: kernelRecordSchema },
    problems: ofKernel,
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}/events',
    summary: 'The same as server-sent events named `status`, one for each change, until the last',
    parameters: kernel,
    answers: { 'text/event-stream': null },
    problems: [...ofKernel, 'busy'],
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}/status',
    summary:
      'Whether its artifacts are ready; how far its splitting is, at the process that does it',
    parameters: kernel,
    answers: { [JSON_TYPE]: statusAnswerSchema },
    problems: ofKernel,
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}/{artifact}',
    summary: 'An artifact by its name, as the record lists them; `vmlinux.full.btf` has all in one',
    parameters: { ...kernel, artifact: z.string() },
    answers: ARTIFACT_ANSWERS,
    blob: true,
    problems: [
      ...ofKernel,
      ...tooMuch,
      'unknown-artifact',
      'no-vars',
      'no-inlines',
      'not-signed',
      'pending',
      'range-not-satisfiable',
      'not-matching',
      'bad-btf',
      'busy',
      'budget-spent',
    ],
  },
  {
    method: 'get',
    path: '/v1/blobs/sha256/{hash}',
    summary: 'The same bytes by their SHA-256; they never change',
    parameters: { hash: sha256Schema },
    answers: { [OCTETS]: null },
    blob: true,
    problems: [
      'bad-hash',
      'unknown-blob',
      'range-not-satisfiable',
      'not-matching',
      'store-unavailable',
    ],
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}/vars',
    summary: 'Variables by name, those that begin with a prefix',
    parameters: kernel,
    query: {
      prefix: variableNameSchema,
      limit,
      page: page.max(600).describe('`next` of the answer before.'),
    },
    answers: { [JSON_TYPE]: variablePageSchema },
    blob: true,
    problems: [
      ...ofKernel,
      ...tooMuch,
      'bad-query',
      'bad-btf',
      'busy',
      'budget-spent',
      'range-not-satisfiable',
      'not-matching',
    ],
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}/vars/{name}',
    summary: 'A variable with the types that it needs: as JSON, as C, or as standalone BTF',
    description:
      'Where static variables of one name are more than one answer may have, JSON has `next`, and ' +
      'as C the header `Link` names the page that goes on. The pieces of C are one file.',
    parameters: { ...kernel, name: variableNameSchema },
    query: {
      as: z.enum(['json', 'c', 'btf']),
      page: skipped.describe('`next` of the answer before.'),
    },
    answers: {
      [VARIABLE_FORMS.json]: variableAnswerSchema,
      [VARIABLE_FORMS.c]: null,
      [VARIABLE_FORMS.btf]: null,
    },
    blob: true,
    problems: [
      ...ofKernel,
      ...tooMuch,
      'bad-query',
      'unknown-variable',
      'no-vars',
      'bad-btf',
      'busy',
      'budget-spent',
      'range-not-satisfiable',
      'not-matching',
    ],
  },
  {
    method: 'post',
    path: '/v1/kernels/{buildId}/vars/resolve',
    summary: 'Many variables at once',
    description:
      'Where one answer may not have all, `next` says how many of the names it is about: ask for ' +
      'the others. `next` of a name goes on with `GET …/vars/{name}`.',
    parameters: kernel,
    body: resolveRequestSchema,
    answers: { [JSON_TYPE]: resolveAnswerSchema },
    problems: [
      ...ofKernel,
      ...tooMuch,
      'bad-body',
      'too-large',
      'unsupported-media',
      'bad-btf',
      'busy',
      'budget-spent',
    ],
  },
  {
    method: 'get',
    path: '/v1/kernels/{buildId}/inlines',
    summary: 'Where calls of a function are inlined, or what is inlined at an address',
    description:
      'Either `function` or `address` is required: neither, or both, is answered with 400, `bad-query`.',
    parameters: kernel,
    query: {
      function: functionNameSchema.describe('Required where there is no `address`; not beside it.'),
      address: siteAddressSchema.describe(
        'As the kernel was linked. Required where there is no `function`; not beside it.',
      ),
      limit,
      page: skipped.describe('`next` of the answer before.'),
    },
    answers: { [JSON_TYPE]: sitePageSchema },
    blob: true,
    problems: [
      ...ofKernel,
      ...tooMuch,
      'bad-query',
      'unknown-function',
      'no-inlines',
      'bad-btf',
      'busy',
      'range-not-satisfiable',
      'not-matching',
      'budget-spent',
    ],
  },
  {
    method: 'get',
    path: '/v1/keys',
    summary: 'The public keys that manifests are signed with',
    answers: { [JSON_TYPE]: keysAnswerSchema },
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/keys/{file}',
    summary: 'One of them as the file that signify, usign and minisign take',
    parameters: { file: z.string().describe('The number of the key, and `.pub`.') },
    answers: { 'text/plain': null },
    problems: ['unknown-key'],
  },
  {
    method: 'get',
    path: '/buildid/{buildId}/section/{name}',
    summary: "debuginfod's protocol: `.BTF`, `.BTF.vars`, `.BTF.ksyms`, `.BTF.inlines`",
    parameters: { ...kernel, name: z.string() },
    answers: { [OCTETS]: null },
    blob: true,
    problems: [
      'bad-build-id',
      'unknown-build-id',
      'unknown-artifact',
      'not-now',
      'range-not-satisfiable',
      'not-matching',
    ],
  },
];
