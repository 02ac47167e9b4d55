import { DepotClient, type ClientOptions } from '@btf-depot/client';
import { Option } from 'commander';
import { useProxies } from './environment-proxy.ts';
import { UsageError } from './usage-error.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The depot of a verb that writes. */
export function urlOption(what = 'URL of the depot'): Option {
  return new Option('--url <url>', what).env('BTFDEPOT_URL').default(DEFAULT_URL);
}

/** The depots of a verb that reads. */
export function urlsOption(): Option {
  return urlOption('URL of the depot, or several with commas between, asked in this order');
}

/**
 * The depots of a verb, with the token in `BTFDEPOT_TOKEN`: everybody on the machine can see
 * command lines.
 * @param text URLs between spaces or commas, as in DEBUGINFOD_URLS.
 */
export function openDepots(text: string, options: ClientOptions = {}): DepotClient {
  const urls = text.split(/[\s,]+/).filter((url) => url !== '');
  if (urls.length === 0) throw new UsageError('no depot is named; use --url or BTFDEPOT_URL');
  for (const url of urls) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
      throw new UsageError(`${url} is not a URL of a depot, such as ${DEFAULT_URL}`);
    }
  }
  useProxies();
  const token = process.env.BTFDEPOT_TOKEN;
  const hasToken = token !== undefined && token !== '';
  return new DepotClient(urls, hasToken ? { ...options, token } : options);
}

/** The ID of the token in `BTFDEPOT_TOKEN`; an ID is no secret. */
export function tokenId(): string | undefined {
  const token = process.env.BTFDEPOT_TOKEN;
  if (token === undefined || token === '') return undefined;
  const found = /^btfd_([0-9a-f]{16})_/.exec(token)?.[1];
  if (found === undefined) {
    throw new UsageError('BTFDEPOT_TOKEN is not a token of a depot: those begin with btfd_');
  }
  return found;
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}
