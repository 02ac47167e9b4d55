import { z } from 'zod';
import type { ProblemCode } from '../problem.ts';
import type { Scope } from '../token.ts';

/** One method of one path: what clients may ask there, and what the services keep to. */
export interface Route {
  method: 'get' | 'post' | 'put' | 'delete';
  /** With `{parameters}`. Of two paths that fit, the one with more fixed text answers. */
  path: string;
  summary: string;
  /** What the summary and the parameters cannot say. */
  description?: string;
  /** The schema of each `{parameter}`. */
  parameters?: Readonly<Record<string, z.ZodType>>;
  /** Checks the query; absent: whatever the query says is ignored. */
  query?: z.ZodObject;
  /** JSON, of so many bytes at most. */
  body?: { schema: z.ZodType; limit: number };
  /** Media type → what the body of an upload is in that form. */
  upload?: Readonly<Record<string, string>>;
  /**
   * What a client spends on an answer that is not in memory: 1 is one variable. The processor's
   * time that the answer took is charged besides.
   */
  price?: number;
  /** What is spent besides, for each thing that the body names. */
  priceEach?: number;
  /** What a token must allow, in a depot that wants one. */
  scope?: Scope;
  /** A POST that changes nothing: a question that is too long for a URL. */
  reads?: true;
  /** Needs no token, also in a depot that only token holders may read. */
  open?: true;
  /** Media type → what a 200 has; `null`: bytes. */
  answers: Readonly<Record<string, z.ZodType | null>>;
  /** Successes besides 200, with what they say. */
  successes?: Readonly<Record<number, string>>;
  /** Bytes that can be asked for in ranges, and by their ETag. */
  blob?: true;
  problems: readonly ProblemCode[];
}

/** Routes by the names of their handlers. */
export type RouteTable = Readonly<Record<string, Route>>;

/** The names of a path's parameters. */
export type PathParameter<Path extends string> =
  Path extends `${string}{${infer Name}}${infer Rest}` ? Name | PathParameter<Rest> : never;

/**
 * What fits the path of a URL that names this route in its plainest form: no query, nothing
 * percent-encoded, and each parameter, which is a group of the match, as its schema has it.
 */
export function plainPath({ path, parameters = {} }: Route): RegExp {
  return pathPattern(path, (name) => {
    const schema = parameters[name];
    const { pattern } = schema ? z.toJSONSchema(schema) : {};
    if (pattern === undefined) throw new Error(`{${name}} of ${path} has no pattern`);
    return pattern.replace(/^\^|\$$/g, '');
  });
}

/** Tells whether a path is one of these routes', whatever its parameters. */
export function pathOfAny(routes: readonly Route[]): (path: string) => boolean {
  const patterns = routes.map(({ path }) => pathPattern(path, () => '[^/]+'));
  return (path) => patterns.some((pattern) => pattern.test(path));
}

function pathPattern(path: string, group: (parameter: string) => string): RegExp {
  const source = path
    .replace(/[.]/g, '\\$&')
    .replace(/\{(\w+)\}/g, (_braces, name: string) => `(${group(name)})`);
  return new RegExp(`^${source}$`);
}
