import { z } from 'zod';

/**
 * The stable codes of errors that reach a client, with the HTTP status of each.
 * Clients decide by code; title and detail are for people.
 */
export const PROBLEMS = {
  'bad-request': { status: 400, title: 'The HTTP request is malformed' },
  'bad-build-id': { status: 400, title: 'Not a build ID' },
  'bad-hash': { status: 400, title: 'Not a SHA-256' },
  'bad-query': { status: 400, title: 'A query parameter is wrong' },
  'bad-body': { status: 400, title: 'The body is malformed' },
  'bad-encoding': { status: 400, title: 'The body is not what its Content-Encoding says' },
  'bad-multipart': { status: 400, title: 'The multipart body is malformed' },
  'upload-cut': { status: 400, title: 'The upload ended early' },
  'digest-mismatch': { status: 400, title: 'The body does not match its Content-Digest' },
  unauthorized: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  'foreign-host': { status: 403, title: 'The service does not answer to this host name' },
  'foreign-origin': { status: 403, title: 'Pages of other origins may not send this' },
  'not-owner': { status: 403, title: 'The kernel or this part belongs to another owner' },
  'not-found': { status: 404, title: 'No such resource' },
  'unknown-build-id': { status: 404, title: 'No kernel of this build ID' },
  'unknown-artifact': { status: 404, title: 'There is no artifact of this name' },
  'unknown-blob': { status: 404, title: 'No blob of this hash' },
  'unknown-key': { status: 404, title: 'No key of this number' },
  'unknown-variable': { status: 404, title: 'The kernel has no variable of this name' },
  'unknown-function': { status: 404, title: 'No function of this name is inlined' },
  pending: { status: 404, title: 'Not ready yet' },
  'not-signed': { status: 404, title: 'This manifest has no such signature' },
  'no-vars': { status: 404, title: 'This kernel came without variables' },
  'no-inlines': { status: 404, title: 'This kernel came without inlined calls' },
  'method-not-allowed': { status: 405, title: 'The resource does not take this method' },
  'not-now': { status: 406, title: 'Not available now, retry' },
  'upload-stalled': { status: 408, title: 'The sender stalled' },
  'carrier-conflict': { status: 409, title: 'A signed carrier is published already' },
  'core-conflict': { status: 409, title: 'This build ID is published with another core' },
  withdrawn: { status: 410, title: 'Withdrawn' },
  'not-matching': { status: 412, title: 'The artifact has changed' },
  'too-large': { status: 413, title: 'The upload is over the limit' },
  'unsupported-media': { status: 415, title: 'The depot does not take this kind of file' },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside the artifact' },
  'no-build-id': { status: 422, title: 'The kernel has no build ID' },
  'foreign-build-id': { status: 422, title: 'The kernel has another build ID' },
  'no-btf': { status: 422, title: 'The kernel has no BTF' },
  'no-core': { status: 422, title: 'The depot lacks the core of this kernel' },
  'bad-archive': { status: 422, title: 'The package, archive or image is malformed' },
  'bad-elf': { status: 422, title: 'The ELF file is malformed' },
  'bad-dwarf': { status: 422, title: 'The DWARF is malformed' },
  'foreign-core': { status: 422, title: 'The BTF and the DWARF are of different builds' },
  'time-limit': { status: 422, title: 'The work takes longer than the limit' },
  'memory-limit': { status: 422, title: 'The work takes more memory than the limit' },
  randstruct: { status: 422, title: 'The build randomises its structures' },
  'bad-btf': { status: 422, title: 'The BTF is malformed' },
  'foreign-full': { status: 422, title: 'The full BTF is of another kernel' },
  'foreign-module': { status: 422, title: 'The module is of another build' },
  'bad-map': { status: 422, title: 'The System.map is malformed' },
  'foreign-map': { status: 422, title: 'The symbols are of another build' },
  'foreign-carrier': { status: 422, title: 'The carrier has other BTF than the depot' },
  'unsafe-carrier': { status: 422, title: 'The carrier holds more than BTF' },
  'missing-part': { status: 422, title: 'A part of the upload is missing' },
  'rate-exceeded': { status: 429, title: 'Too many requests with this token' },
  'budget-spent': { status: 429, title: 'The computation budget of this client is spent' },
  'damaged-record': { status: 500, title: 'The record of this kernel cannot be read' },
  internal: { status: 500, title: 'Internal error' },
  busy: { status: 503, title: 'The service is busy' },
  'still-reading': { status: 503, title: 'The list of kernels is not complete' },
  'shutting-down': { status: 503, title: 'The service is stopping' },
  'too-many-uploads': { status: 503, title: 'Too many uploads at one time' },
  'damaged-blob': { status: 503, title: 'The stored bytes are damaged' },
  'newer-schema': { status: 503, title: 'The record was written by a newer version' },
  'store-unavailable': { status: 503, title: 'The store does not answer' },
  'storage-exceeded': { status: 507, title: 'This token has used its share of the store' },
  'disk-full': { status: 507, title: 'Too little disk space is left' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** Body of every error answer: RFC 9457, `application/problem+json`. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string().optional(),
});

export type Problem = z.infer<typeof problemSchema>;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** @param members data for programs beyond the detail: suggestions, … */
export function problem(
  code: ProblemCode,
  detail: string,
  requestId?: string,
  members?: Readonly<Record<string, unknown>>,
): Problem {
  return {
    ...members,
    type: `urn:btf-depot:problem:${code}`,
    title: PROBLEMS[code].title,
    status: PROBLEMS[code].status,
    code,
    detail,
    requestId,
  };
}
