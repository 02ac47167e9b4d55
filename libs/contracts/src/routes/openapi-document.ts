import { z } from 'zod';
import { PROBLEM_MEDIA_TYPE, problemSchema, PROBLEMS } from '../problem.ts';
import type { Route } from './route.ts';

/** An OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.1) of routes; its schemas are zod's. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'BTF Depot',
      summary: 'The BTF that kernels leave out, by build ID',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: Route): object {
  const { method, summary, description, scope, blob } = route;
  const content = Object.fromEntries(
    Object.entries(route.answers).map(([type, schema]) => [
      type,
      schema ? { schema: jsonSchema(schema, 'output') } : {},
    ]),
  );
  const conditional = blob === true && method === 'get';
  const pulls = route.pulls !== undefined && route.pulls !== 'section';
  const otherwise = conditional ? CONDITIONAL_ANSWERS : {};
  return {
    // The scope that a token needs; in a depot without tokens, none.
    tags: [scope ?? 'read'],
    security: scope && [{}, { token: [] }],
    summary,
    description,
    parameters: [
      ...parameters('path', route.parameters),
      ...parameters('query', route.query?.shape),
      ...parameters('query', pulls ? PULL_PARAMETERS : {}),
      ...(conditional ? CONDITIONS : []),
    ],
    requestBody: requestBody(route),
    responses: {
      200: { description: 'Here it is', content },
      ...successes(route, content),
      ...otherwise,
      ...problems(pulls ? [...route.problems, 'pending'] : route.problems),
    },
  };
}

const CONDITIONAL_ANSWERS = {
  // Of several ranges, multipart/byteranges.
  206: { description: 'The ranges asked for' },
  304: { description: 'The copy of the client is current' },
};

function successes(route: Route, content: object): Record<string, object> {
  const answers: Record<string, object> = {};
  for (const [status, description] of Object.entries(route.successes ?? {})) {
    answers[status] = status === '204' ? { description } : { description, content };
  }
  return answers;
}

function requestBody({ body, upload }: Route): object | undefined {
  if (body) {
    const schema = jsonSchema(body.schema, 'input');
    return { required: true, content: { 'application/json': { schema } } };
  }
  if (!upload) return undefined;
  const content: Record<string, object> = {};
  for (const [type, description] of Object.entries(upload)) {
    content[type] = { schema: { description } };
  }
  return { required: true, content };
}

/** Of whatever is asked of one kernel, in a depot that fetches what it does not have. */
const PULL_PARAMETERS = {
  wait: z
    .string()
    .regex(/^\d{1,6}$/)
    .optional()
    .describe('Seconds, 60 at most, to wait for a kernel that is being fetched from an upstream.'),
  again: z
    .string()
    .optional()
    .describe('Asks the upstreams again, though they did not have it a short while ago.'),
  pull: z
    .enum(['no'])
    .optional()
    .describe('Asks what the depot has, and has nothing fetched from upstreams.'),
};

const CONDITIONS = ['Range', 'If-Range', 'If-Match', 'If-None-Match'].map((name) => ({
  in: 'header',
  name,
  required: false,
  schema: { type: 'string' },
}));

function parameters(
  where: 'path' | 'query',
  schemas: Readonly<Record<string, z.core.$ZodType>> = {},
): object[] {
  return Object.entries(schemas).map(([name, schema]) => ({
    in: where,
    name,
    required: where === 'path',
    schema: jsonSchema(schema, 'input'),
  }));
}

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds.', required: true, schema: { type: 'integer' } },
};

/** One answer for each status, which lists its codes. */
function problems(codes: Route['problems']): Record<string, object> {
  const answers: Record<string, object> = {};
  // On any path, a service may be stopping, or have an internal error.
  const all = [...codes, 'shutting-down', 'internal'] as const;
  for (const { status } of all.map((code) => PROBLEMS[code])) {
    const named = all.filter((code) => PROBLEMS[code].status === status);
    answers[status] = {
      description: [...new Set(named)].join(', '),
      headers: status === 429 || status === 503 ? RETRY_AFTER : undefined,
      content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return answers;
}

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  // The document names the dialect of its schemas once.
  delete made.$schema;
  return made;
}
