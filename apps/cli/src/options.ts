import { Option } from 'commander';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The depot that a verb talks to; those that read ask several in their order. */
export function urlOption(): Option {
  return new Option('--url <url>', 'the depot; to read, several in the order to ask them')
    .env('BTFDEPOT_URL')
    .default(DEFAULT_URL);
}

/** @param text URLs between spaces or commas, as in DEBUGINFOD_URLS. */
export function depotUrls(text: string): string[] {
  return text.split(/[\s,]+/).filter((url) => url !== '');
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}
