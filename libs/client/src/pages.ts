/** A page of a long answer. */
export interface PageOptions {
  /** Most entries. */
  limit?: number;
  /** The `next` of the previous page. */
  page?: string | undefined;
}

/** The most entries of one page. */
export const LONGEST_PAGE = 1000;

/** The entries of all pages in order. */
export async function* inPages<Answer extends { next?: string | undefined }, Item>(
  ask: (page: string | undefined) => Promise<Answer>,
  itemsOf: (answer: Answer) => readonly Item[],
  page?: string,
): AsyncGenerator<Item> {
  do {
    const answer = await ask(page);
    yield* itemsOf(answer);
    page = answer.next;
  } while (page !== undefined);
}

/** The next page of an answer that cannot contain it: `Link`, RFC 8288. */
export function nextOf({ headers }: Response): string | undefined {
  const link = /<\?([^>]*)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1];
  return new URLSearchParams(link ?? '').get('page') ?? undefined;
}
