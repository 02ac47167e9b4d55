import { z } from 'zod';
import type { ProblemCode } from '../problem.ts';
import type { Scope } from '../token.ts';

/** One method of one path: what clients may send, and what the service answers. */
export interface Route {
  method: 'get' | 'post' | 'put' | 'delete';
  /** With `{parameters}`. If two paths match, the one with more fixed text answers. */
  path: string;
  summary: string;
  /** Details beyond the summary and the parameters. */
  description?: string;
  /** The schema of each `{parameter}`. */
  parameters?: Readonly<Record<string, z.ZodType>>;
  /** Checks the query; absent: the query is ignored. */
  query?: z.ZodObject;
  /** JSON, of so many bytes at most. */
  body?: { schema: z.ZodType; limit: number };
  /** Media type → the body of an upload in that form. */
  upload?: Readonly<Record<string, string>>;
  /**
   * The price of an answer that is not in memory: 1 is one variable. Processor time of the answer
   * is charged too.
   */
  price?: number;
  /** The price of each thing that the body names. */
  priceEach?: number;
  /** The scope that a token needs, in a depot with tokens. */
  scope?: Scope;
  /** A POST that changes nothing: a question that is too long for a URL. */
  reads?: true;
  /**
   * Its requests have a missing kernel fetched, and may wait until this of it is here. If `artifact`
   * names one that the kernel has already, they do not wait.
   */
  pulls?: 'status' | 'record' | 'artifact' | 'parts' | 'section';
  /** Needs no token, even in a depot that only token holders may read. */
  open?: true;
  /** Media type → the body of a 200; `null`: bytes. */
  answers: Readonly<Record<string, z.ZodType | null>>;
  /** Successes besides 200, with their description. */
  successes?: Readonly<Record<number, string>>;
  /** Bytes that can be requested in ranges, and by their ETag. */
  blob?: true;
  problems: readonly ProblemCode[];
}

/** Routes by the names of their handlers. */
export type RouteTable = Readonly<Record<string, Route>>;

/** The names of a path's parameters. */
export type PathParameter<Path extends string> =
  Path extends `${string}{${infer Name}}${infer Rest}` ? Name | PathParameter<Rest> : never;

/**
 * Matches the path of a URL that names this route in its plainest form: no query, nothing
 * percent-encoded, and each parameter, which is a group of the match, in the form of its schema.
 */
export function plainPath({ path, parameters = {} }: Route): RegExp {
  return pathPattern(path, (name) => {
    const schema = parameters[name];
    const { pattern } = schema ? z.toJSONSchema(schema) : {};
    if (pattern === undefined) throw new Error(`{${name}} of ${path} has no pattern`);
    return pattern.replace(/^\^|\$$/g, '');
  });
}

/** Matches the path of a URL that names this route, with its parameters as groups, unchecked. */
export function anyPath({ path }: Route): RegExp {
  return pathPattern(path, () => '[^/]+');
}

/** Tests whether a path is one of these routes', whatever its parameters. */
export function pathOfAny(routes: readonly Route[]): (path: string) => boolean {
  const patterns = routes.map(anyPath);
  return (path) => patterns.some((pattern) => pattern.test(path));
}

function pathPattern(path: string, group: (parameter: string) => string): RegExp {
  const source = path
    .replace(/[.]/g, '\\$&')
    .replace(/\{(\w+)\}/g, (_braces, name: string) => `(${group(name)})`);
  return new RegExp(`^${source}$`);
}
