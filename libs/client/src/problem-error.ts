import { problemSchema, type Problem } from '@btf-depot/contracts';

/** The depot refused a request: `code` is stable, `message` is for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Names that are near one that there is not. */
  readonly suggestions: readonly string[];

  constructor(
    problem: Pick<Problem, 'code' | 'status' | 'title' | 'detail'> & { suggestions?: unknown },
  ) {
    super(`${problem.title}: ${problem.detail}`);
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    const { suggestions } = problem;
    this.suggestions = Array.isArray(suggestions) ? suggestions.map(String) : [];
  }
}

/** The error that an answer states; one of our own where it is not a depot that answers. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => '');
  try {
    return new ProblemError(problemSchema.parse(JSON.parse(text)));
  } catch {
    return new ProblemError({
      code: 'not-a-depot',
      status: response.status,
      title: `HTTP ${response.status}`,
      detail: text.slice(0, 200) || response.statusText,
    });
  }
}
