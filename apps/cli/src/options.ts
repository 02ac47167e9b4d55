import { Option } from 'commander';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The depot that a verb talks to. */
export function urlOption(): Option {
  return new Option('--url <url>', 'the depot').env('BTFurlOption').default(DEFAULT_URL);
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}
