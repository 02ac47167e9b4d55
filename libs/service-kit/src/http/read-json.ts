import type { IncomingMessage } from 'node:http';
import { DepotError } from '@btf-depot/depot';
import type { z } from 'zod';

/**
 * A request's JSON body.
 * @param limit in bytes.
 * @throws DepotError `unsupported-media`, `too-large`, `bad-body`.
 */
export async function readJson<Output>(
  request: IncomingMessage,
  schema: z.ZodType<Output>,
  limit: number,
): Promise<Output> {
  const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new DepotError('unsupported-media', 'send the body as application/json');
  }
  if (encoding !== undefined && encoding !== 'identity') {
    throw new DepotError('unsupported-media', 'send the body without Content-Encoding');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit)
      throw new DepotError('too-large', `the body exceeds the limit of ${limit} bytes`);
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new DepotError('bad-body', 'the body is not JSON');
  }
  const result = schema.safeParse(body);
  if (!result.success) throw new DepotError('bad-body', firstIssue(result.error));
  return result.data;
}

/**
 * A request's query parameters; a repeated one is refused.
 * @throws DepotError `bad-query` that names the parameter.
 */
export function readQuery<Output>(query: unknown, schema: z.ZodType<Output>): Output {
  const result = schema.safeParse(query);
  if (!result.success) throw new DepotError('bad-query', firstIssue(result.error));
  return result.data;
}

function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = issue?.path.join('.') ?? '';
  return `${path === '' ? '' : `${path.slice(0, 64)}: `}${issue?.message.slice(0, 200) ?? ''}`;
}
