import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address outside the public Internet: loopback, a private network, link-local, … */
export class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';

  constructor(host: string, address: string) {
    super(`${host} is ${address}, which is not a public address`);
  }
}

/** Whether the address is one of the public Internet; an IPv4 address in IPv6 counts as IPv4. */
export function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast';
}

/**
 * A look-up for `http.request` that returns only public addresses. The connection itself uses its
 * result, once: a name with another answer the second time gains nothing.
 */
export function publicLookup(resolve: typeof dns.lookup = dns.lookup): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) {
        done(error, []);
        return;
      }
      const allowed = found.filter(({ address }) => isPublic(address));
      const [first] = allowed;
      if (!first) done(new PrivateAddress(host, found[0]?.address ?? 'nothing'), []);
      else if (options.all) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

/**
 * @throws PrivateAddress for a URL with a literal private address, for which there is no look-up.
 */
export function checkLiteral({ hostname }: URL): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isPublic(host)) throw new PrivateAddress(hostname, host);
}
