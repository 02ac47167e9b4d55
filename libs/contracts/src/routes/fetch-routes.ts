import { z } from 'zod';
import { ARTIFACTS } from '../artifact.ts';
import { sha256Schema } from '../build-id.ts';
import {
  functionNameSchema,
  functionPageSchema,
  siteAddressSchema,
  sitePageSchema,
} from '../answers/inline.ts';
import { MISS_CODES, PART_NAMES, partSpec } from '../parts.ts';
import {
  KERNEL_ORDERS,
  lookupAnswerSchema,
  lookupRequestSchema,
  searchAnswerSchema,
} from '../answers/search.ts';
import { keysAnswerSchema } from '../trust/keys.ts';
import {
  namePatternSchema,
  resolveAnswerSchema,
  resolveRequestSchema,
  VARIABLE_FORMS,
  variableAnswerSchema,
  variableNameSchema,
  variablePageSchema,
  type VariableForm,
} from '../answers/variable.ts';
import {
  BLOB_PROBLEMS,
  BODY_PROBLEMS,
  COMPUTED_PROBLEMS,
  JSON_TYPE,
  KERNEL_PROBLEMS,
  OCTETS,
  ofKernel,
  pageLimit,
  PLAIN_TEXT,
  skipped,
} from './parameters.ts';
import type { RouteTable } from './route.ts';

const SECTIONS = PART_NAMES.flatMap((name) => partSpec(name).sections?.[0] ?? [])
  .map((section) => `\`${section}\``)
  .join(', ');

const ARTIFACT_ANSWERS = Object.fromEntries(
  Object.values(ARTIFACTS).map((type) => [type.replace(/;.*/, ''), null]),
);

const word = z.string().min(1).max(128);
const hex = z.string().regex(/^[0-9a-f]{1,128}$/, { error: 'expected lowercase hexadecimal' });

const match = namePatternSchema
  .describe('`*` stands for any characters, `?` for one: `*_task`. Beside `prefix`, both hold.')
  .exactOptional();

/** The routes of fetch, besides RECORD_ROUTES. */
export const FETCH_ROUTES = {
  search: {
    method: 'get',
    path: '/v1/kernels',
    summary: 'Search kernels',
    query: z.strictObject({
      distro: word.exactOptional(),
      release: word.describe('Prefix of the release.').exactOptional(),
      arch: word.exactOptional(),
      buildId: hex.describe('Prefix of the build ID.').exactOptional(),
      sort: z
        .enum(KERNEL_ORDERS)
        .default('buildId')
        .describe('`release`: the newest release first; `sent`: the last upload first.'),
      limit: pageLimit,
      page: z
        .string()
        .regex(/^[0-9a-f]{1,128}(~[^]{0,128})?$/, {
          error: 'expected the value of `next` from an answer',
        })
        .describe('`next` of the previous answer.')
        .exactOptional(),
    }),
    price: 1,
    answers: { [JSON_TYPE]: searchAnswerSchema },
    problems: ['bad-query', 'busy', 'budget-spent', 'still-reading', 'store-unavailable'],
  },
  lookup: {
    method: 'post',
    path: '/v1/kernels/lookup',
    summary: 'Many build IDs and releases at once: have, missing, ambiguous',
    // A thousand build IDs and a thousand releases.
    body: { schema: lookupRequestSchema, limit: 512 * 1024 },
    reads: true,
    price: 1,
    /** For each build ID that the list of kernels does not have. */
    priceEach: 1,
    answers: { [JSON_TYPE]: lookupAnswerSchema },
    problems: [...BODY_PROBLEMS, 'busy', 'budget-spent', 'still-reading', 'store-unavailable'],
  },
  artifact: {
    method: 'get',
    path: '/v1/kernels/{buildId}/{artifact}',
    summary: 'An artifact, by its name in the record',
    parameters: { ...ofKernel, artifact: z.string().regex(/^[\w.-]{1,128}$/) },
    pulls: 'artifact',
    answers: ARTIFACT_ANSWERS,
    blob: true,
    problems: [
      ...KERNEL_PROBLEMS,
      'unknown-artifact',
      ...MISS_CODES,
      'not-signed',
      'damaged-blob',
      'pending',
      ...BLOB_PROBLEMS,
    ],
  },
  fullBtf: {
    method: 'get',
    path: '/v1/kernels/{buildId}/vmlinux.full.btf',
    summary: 'Core and variables in one BTF, for tools that take no split BTF',
    parameters: ofKernel,
    pulls: 'parts',
    price: 50,
    answers: { [OCTETS]: null },
    blob: true,
    problems: [...KERNEL_PROBLEMS, ...COMPUTED_PROBLEMS, ...BLOB_PROBLEMS],
  },
  blob: {
    method: 'get',
    path: '/v1/blobs/sha256/{hash}',
    summary: 'A stored file by its SHA-256; its bytes never change',
    parameters: { hash: sha256Schema },
    answers: { [OCTETS]: null },
    blob: true,
    problems: [
      'bad-hash',
      'unknown-blob',
      'damaged-blob',
      ...BLOB_PROBLEMS,
      'still-reading',
      'store-unavailable',
    ],
  },
  variables: {
    method: 'get',
    path: '/v1/kernels/{buildId}/vars',
    summary: 'Variables by name: all, by prefix, or by pattern',
    parameters: ofKernel,
    pulls: 'parts',
    query: z.strictObject({
      prefix: variableNameSchema.or(z.literal('')).default(''),
      match,
      limit: pageLimit,
      page: z.string().max(600).describe('`next` of the previous answer.').exactOptional(),
    }),
    price: 10,
    answers: { [JSON_TYPE]: variablePageSchema },
    blob: true,
    problems: [...KERNEL_PROBLEMS, ...COMPUTED_PROBLEMS, 'bad-query', ...BLOB_PROBLEMS],
  },
  variable: {
    method: 'get',
    path: '/v1/kernels/{buildId}/vars/{name}',
    summary: 'A variable with the types that it needs: as JSON, as C, or as standalone BTF',
    description:
      'If static variables of one name do not fit in one answer, JSON has `next`, and ' +
      'for C the header `Link` names the next page. The pages of C together are one file.',
    parameters: { ...ofKernel, name: variableNameSchema },
    pulls: 'parts',
    query: z.strictObject({
      as: z.enum(Object.keys(VARIABLE_FORMS) as VariableForm[]).exactOptional(),
      page: skipped,
    }),
    price: 1,
    answers: {
      [VARIABLE_FORMS.json]: variableAnswerSchema,
      [VARIABLE_FORMS.c]: null,
      [VARIABLE_FORMS.btf]: null,
    },
    blob: true,
    problems: [
      ...KERNEL_PROBLEMS,
      ...COMPUTED_PROBLEMS,
      'bad-query',
      'unknown-variable',
      'no-vars',
      ...BLOB_PROBLEMS,
    ],
  },
  resolve: {
    method: 'post',
    path: '/v1/kernels/{buildId}/vars/resolve',
    summary: 'Many variables at once',
    description:
      'If they do not fit in one answer, it covers the first `next` names: ask for ' +
      'the others. If one name has `next`, continue with `GET …/vars/{name}`.',
    parameters: ofKernel,
    pulls: 'parts',
    // A thousand names of 100 characters.
    body: { schema: resolveRequestSchema, limit: 128 * 1024 },
    reads: true,
    priceEach: 1,
    answers: { [JSON_TYPE]: resolveAnswerSchema },
    problems: [...KERNEL_PROBLEMS, ...COMPUTED_PROBLEMS, ...BODY_PROBLEMS],
  },
  inlines: {
    method: 'get',
    path: '/v1/kernels/{buildId}/inlines',
    summary: 'The places where a function is inlined, or the calls inlined at an address',
    description: 'Exactly one of `function` and `address` is required.',
    parameters: ofKernel,
    pulls: 'parts',
    query: z.strictObject({
      function: functionNameSchema.describe('Required unless `address` is given.').exactOptional(),
      address: siteAddressSchema
        .describe('Address as linked. Required unless `function` is given.')
        .exactOptional(),
      limit: pageLimit,
      page: skipped,
    }),
    price: 10,
    answers: { [JSON_TYPE]: sitePageSchema },
    blob: true,
    problems: [
      ...KERNEL_PROBLEMS,
      ...COMPUTED_PROBLEMS,
      'bad-query',
      'unknown-function',
      'no-inlines',
      ...BLOB_PROBLEMS,
    ],
  },
  inlinedFunctions: {
    method: 'get',
    path: '/v1/kernels/{buildId}/inlines/functions',
    summary: 'The functions that are inlined, those with most sites first',
    parameters: ofKernel,
    pulls: 'parts',
    query: z.strictObject({
      prefix: functionNameSchema.or(z.literal('')).default(''),
      match,
      limit: pageLimit,
      page: skipped,
    }),
    price: 10,
    answers: { [JSON_TYPE]: functionPageSchema },
    blob: true,
    problems: [
      ...KERNEL_PROBLEMS,
      ...COMPUTED_PROBLEMS,
      'bad-query',
      'no-inlines',
      ...BLOB_PROBLEMS,
    ],
  },
  keys: {
    method: 'get',
    path: '/v1/keys',
    summary: 'The public keys of the manifest signatures',
    answers: { [JSON_TYPE]: keysAnswerSchema },
    problems: [],
  },
  key: {
    method: 'get',
    path: '/v1/keys/{file}',
    summary: 'A public key as a file for signify, usign and minisign',
    parameters: { file: z.string().describe('The number of the key, and `.pub`.') },
    answers: { [PLAIN_TEXT]: null },
    problems: ['unknown-key'],
  },
  section: {
    method: 'get',
    path: '/buildid/{buildId}/section/{name}',
    summary: `debuginfod's protocol: ${SECTIONS}`,
    parameters: { ...ofKernel, name: z.string().regex(/^[\w.]{1,64}$/) },
    pulls: 'section',
    answers: { [OCTETS]: null },
    blob: true,
    problems: [
      ...(['bad-build-id', 'unknown-build-id', 'unknown-artifact'] as const),
      ...MISS_CODES,
      'not-now',
      ...BLOB_PROBLEMS,
    ],
  },
  openApi: {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    open: true,
    answers: { [JSON_TYPE]: z.looseObject({ openapi: z.string() }) },
    problems: [],
  },
  docs: {
    method: 'get',
    path: '/docs',
    summary: 'This document as a page for people, without scripts',
    open: true,
    answers: { 'text/html': null },
    problems: [],
  },
  page: {
    method: 'get',
    path: '/',
    summary: 'The catalogue, a page for browsers',
    open: true,
    answers: { 'text/html': null },
    blob: true,
    problems: ['not-found', ...BLOB_PROBLEMS],
  },
  asset: {
    method: 'get',
    path: '/assets/{file}',
    summary: 'Files of that page; a name stands for one content and never changes',
    parameters: { file: z.string() },
    open: true,
    answers: { 'text/javascript': null, 'text/css': null, 'image/svg+xml': null, [OCTETS]: null },
    blob: true,
    problems: ['not-found', ...BLOB_PROBLEMS],
  },
} as const satisfies RouteTable;
