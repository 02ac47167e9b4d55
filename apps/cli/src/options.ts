import { DepotClient, type ClientOptions } from '@btf-depot/client';
import { Option } from 'commander';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The depot that a verb talks to; those that read ask several in their order. */
export function urlOption(): Option {
  return new Option('--url <url>', 'the depot; to read, several in the order to ask them')
    .env('BTFDEPOT_URL')
    .default(DEFAULT_URL);
}

/**
 * The depots that a verb talks to, with the token in `BTFDEPOT_TOKEN`: command lines are seen by
 * everybody on the machine.
 * @param text URLs between spaces or commas, as in DEBUGINFOD_URLS.
 */
export function openDepots(text: string, options: ClientOptions = {}): DepotClient {
  const urls = text.split(/[\s,]+/).filter((url) => url !== '');
  const token = process.env.BTFDEPOT_TOKEN;
  return new DepotClient(urls, { ...options, ...(token !== undefined && { token }) });
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}
