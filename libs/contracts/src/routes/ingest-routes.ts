import { z } from 'zod';
import { EXTRA_NAMES, isExtraName, type ExtraName } from '../extras/index.ts';
import { buildIdSchema } from '../build-id.ts';
import type { ProblemCode } from '../problem.ts';
import { DELIVERIES, UPLOAD_PARTS } from '../record/record.ts';
import { statusSchema, uploadAnswerSchema } from '../answers/status.ts';
import { BODY_PROBLEMS, JSON_TYPE, OCTETS, ofKernel } from './parameters.ts';
import type { Route, RouteTable } from './route.ts';

const word = z.string().regex(/^[\w.+~:-]{1,128}$/, {
  error: 'expected 1 to 128 letters, digits and ._+~:-',
});

const truth = z.enum(['true', 'false']).transform((text) => text === 'true');

/** `vars,inlines` as a list; empty text: none. */
export function parseExtras(text: string, context: z.RefinementCtx): ExtraName[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !isExtraName(name));
  if (unknown.length === 0) return names.filter(isExtraName);
  const known = EXTRA_NAMES.join(', ');
  context.addIssue(`unknown extra ${unknown.join(', ')}: this depot knows ${known}`);
  return z.NEVER;
}

const uploadQuery = z.strictObject({
  buildId: buildIdSchema.describe('Refuse a kernel of another build ID.').exactOptional(),
  delivery: z.enum(DELIVERIES).exactOptional(),
  arch: word.exactOptional(),
  distro: word.exactOptional(),
  release: word.exactOptional(),
  encoded: word
    .describe(
      'The part full was made of debug information, by the rules of this version of pahole, for a ' +
        "kernel that was built without BTF: BTF of the build's own pahole may take its place.",
    )
    .exactOptional(),
  restore: truth.describe('Publish a kernel that was withdrawn.').exactOptional(),
  replace: truth.describe('Publish another core for this build ID.').exactOptional(),
  extras: z
    .string()
    .transform(parseExtras)
    .describe(`What to split off, separated by commas: ${EXTRA_NAMES.join(', ')}.`)
    .exactOptional(),
});

/** Problems before the body is read. */
const BEFORE_THE_BODY: ProblemCode[] = [
  'bad-query',
  'unauthorized',
  'forbidden',
  'foreign-host',
  'foreign-origin',
  'rate-exceeded',
  'too-many-uploads',
  'busy',
  'storage-exceeded',
  'disk-full',
  'store-unavailable',
];

const BODY_OF_UPLOAD: ProblemCode[] = [
  'too-large',
  'unsupported-media',
  'bad-encoding',
  'bad-multipart',
  'missing-part',
  'digest-mismatch',
  'upload-cut',
  'upload-stalled',
];

const NOT_A_KERNEL: ProblemCode[] = [
  'no-build-id',
  'no-btf',
  'no-core',
  'bad-archive',
  'bad-elf',
  'bad-dwarf',
  'bad-btf',
  'bad-map',
  'randstruct',
  'foreign-core',
  'foreign-full',
  'foreign-module',
  'foreign-map',
  'foreign-carrier',
  'unsafe-carrier',
  'time-limit',
  'memory-limit',
];

const CONFLICTS: ProblemCode[] = [
  'not-owner',
  'core-conflict',
  'carrier-conflict',
  'newer-schema',
  'damaged-record',
  'damaged-blob',
  'withdrawn',
];

const upload = {
  path: '/v1/kernels',
  summary: 'Upload a kernel: image, package or debug information, and its other files',
  description:
    'A body that is not multipart is the part `kernel`. `Content-Encoding` gzip and zstd, and ' +
    '`Content-Digest` with SHA-256 (RFC 9530), work. All kernels of an archive are taken: ' +
    'if there are several, `results` has the HTTP status and the code of each. The status is 207 if ' +
    'some are refused; if all are, it is that of the first. `report` says what was found in the ' +
    'upload, what was used, and what was ignored and why.',
  query: uploadQuery,
  upload: {
    [OCTETS]: 'The kernel, of any media type.',
    'multipart/form-data': `Files named ${UPLOAD_PARTS.join(', ')}, each at most once.`,
  },
  scope: 'upload',
  answers: { [JSON_TYPE]: uploadAnswerSchema },
  successes: {
    201: 'The kernel is new; if there are several: all were accepted',
    207: 'Some of several kernels were refused',
  },
  problems: [...BEFORE_THE_BODY, ...BODY_OF_UPLOAD, ...NOT_A_KERNEL, ...CONFLICTS],
} as const satisfies Omit<Route, 'method'>;

/** The routes of ingest, besides RECORD_ROUTES. */
export const INGEST_ROUTES = {
  upload: { ...upload, method: 'post' },
  put: { ...upload, method: 'put' },
  withdraw: {
    method: 'delete',
    path: '/v1/kernels/{buildId}',
    summary: 'Withdraw a kernel: nothing of it is served from then on',
    parameters: ofKernel,
    body: {
      schema: z.strictObject({
        reason: z.string().trim().min(1).max(500),
        internal: z.string().max(5000).exactOptional(),
      }),
      limit: 32 * 1024,
    },
    scope: 'withdraw',
    answers: { [JSON_TYPE]: statusSchema },
    problems: [
      ...BODY_PROBLEMS,
      'bad-build-id',
      'unknown-build-id',
      'unauthorized',
      'forbidden',
      'not-owner',
      'foreign-host',
      'foreign-origin',
      'newer-schema',
      'damaged-record',
      'store-unavailable',
    ],
  },
} as const satisfies RouteTable;
