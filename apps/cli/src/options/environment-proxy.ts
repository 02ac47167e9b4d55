import * as http from 'node:http';
import { UsageError } from './usage-error.ts';

/** Requested without a proxy in spite of NO_PROXY: the depot of `npm start` is one of them. */
const LOOPBACK = 'localhost,127.0.0.1,[::1]';

/**
 * From now on `fetch` uses the proxies in HTTP_PROXY and HTTPS_PROXY, also in lower case, except
 * for hosts in NO_PROXY.
 * @throws UsageError for a proxy that is no URL.
 */
export function useProxies(environment: NodeJS.ProcessEnv = process.env): void {
  const proxies = ['http_proxy', 'https_proxy'].flatMap((name) => {
    const value = environment[name] ?? environment[name.toUpperCase()] ?? '';
    if (value === '') return [];
    if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
      throw new UsageError(`${name.toUpperCase()}: expected a URL such as http://proxy:3128`);
    }
    return [[name, value] as const];
  });
  if (proxies.length === 0) return;
  if (!('setGlobalProxyFromEnv' in http)) {
    throw new UsageError(`proxies need Node 24.14 or newer; this is ${process.version}`);
  }
  const direct = environment.no_proxy ?? environment.NO_PROXY ?? '';
  const no_proxy = direct === '' ? LOOPBACK : `${direct},${LOOPBACK}`;
  http.setGlobalProxyFromEnv({ ...Object.fromEntries(proxies), no_proxy });
}
