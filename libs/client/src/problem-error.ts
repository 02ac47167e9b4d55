import { problemSchema, type Problem } from '@btf-depot/contracts';

/** The depot refused a request: `code` is stable, `message` is for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Names similar to an unknown one. */
  readonly suggestions: readonly string[];
  /** For a withdrawn kernel: any upload restores it, without being asked to. */
  readonly comesBack: boolean;
  /** Milliseconds after which to retry, if the depot says so; else 0. */
  readonly retryAfter: number;

  constructor(
    problem: Pick<Problem, 'code' | 'status' | 'title' | 'detail'> & {
      suggestions?: unknown;
      comesBack?: unknown;
    },
    retryAfter = 0,
  ) {
    super(`${problem.title}: ${problem.detail}`);
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    const { suggestions } = problem;
    this.suggestions = Array.isArray(suggestions) ? suggestions.map(String) : [];
    this.comesBack = problem.comesBack === true;
    this.retryAfter = retryAfter;
  }
}

/**
 * Milliseconds from a header with seconds or a date (RFC 9110, 10.2.3). A date is compared with the
 * server's clock, since ours may differ. 0 if it is unreadable.
 */
function retryAfterOf(headers: Headers): number {
  const text = headers.get('retry-after') ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  return Math.max(Date.parse(text) - now, 0) || 0;
}

/** The error in an answer; our own if the answer is not from a depot. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => '');
  const retryAfter = retryAfterOf(response.headers);
  try {
    return new ProblemError(problemSchema.parse(JSON.parse(text)), retryAfter);
  } catch {
    const { status, statusText } = response;
    const detail = text.slice(0, 200) || statusText;
    const title = `HTTP ${status}`;
    return new ProblemError({ code: 'not-a-depot', status, title, detail }, retryAfter);
  }
}
