import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address that is not one of the public Internet: loopback, a private network, link-local, … */
export class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';

  constructor(host: string, address: string) {
    super(`${host} is ${address}, which is not a public address`);
  }
}

/** Whether the address is one of the public Internet; an IPv4 address in IPv6 counts as that. */
export function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast';
}

/**
 * A lookup for `http.request` that finds public addresses only. It is what the connection itself
 * asks, once: a name that answers otherwise the second time gains nothing.
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

/** @throws PrivateAddress for a URL that names an address itself: no lookup is made of those. */
export function checkLiteral({ hostname }: URL): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isPublic(host)) throw new PrivateAddress(hostname, host);
}
