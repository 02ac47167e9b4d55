import { z } from 'zod';
import { PROBLEM_MEDIA_TYPE, problemSchema, PROBLEMS } from '../problem.ts';
import type { RouteDocument } from './routes.ts';

/** An OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.1) of routes; its schemas are zod's. */
export function openApiDocument(routes: readonly RouteDocument[], version: string): object {
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
    components: { schemas: { Problem: jsonSchema(problemSchema, 'output') } },
  };
}

function operation(documented: RouteDocument): object {
  const { method, summary, description, body, answers, blob, ...route } = documented;
  const content = Object.fromEntries(
    Object.entries(answers).map(([type, schema]) => [
      type,
      schema ? { schema: jsonSchema(schema, 'output') } : {},
    ]),
  );
  const conditional = blob === true && method === 'get';
  return {
    summary,
    ...(description !== undefined && { description }),
    parameters: [
      ...parameters('path', route.parameters),
      ...parameters('query', route.query),
      ...(conditional ? CONDITIONS : []),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(body, 'input') } },
      },
    }),
    responses: {
      200: { description: 'Here it is', content },
      ...(conditional && {
        // Of several ranges, multipart/byteranges.
        206: { description: 'The ranges that were asked for' },
        304: { description: 'What the client has is current' },
      }),
      ...problems(route.problems),
    },
  };
}

const CONDITIONS = ['Range', 'If-Range', 'If-Match', 'If-None-Match'].map((name) => ({
  in: 'header',
  name,
  required: false,
  schema: { type: 'string' },
}));

function parameters(where: 'path' | 'query', schemas: Record<string, z.ZodType> = {}): object[] {
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

/** One answer a status, which lists its codes. */
function problems(codes: RouteDocument['problems']): Record<string, object> {
  const answers: Record<string, object> = {};
  // Whatever path it is, a service may be stopping, or at fault.
  const all = [...codes, 'shutting-down', 'internal'] as const;
  for (const { status } of all.map((code) => PROBLEMS[code])) {
    const named = all.filter((code) => PROBLEMS[code].status === status);
    answers[status] = {
      description: [...new Set(named)].join(', '),
      ...((status === 429 || status === 503) && { headers: RETRY_AFTER }),
      content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return answers;
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  // The document says once which dialect its schemas are.
  delete made.$schema;
  return made;
}
