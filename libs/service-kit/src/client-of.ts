import type { Request } from 'express';

/**
 * Who asks, as far as an address says it: behind proxies that are trusted, the address that they
 * name. Of IPv6 the network, for a customer has 2^64 addresses of one.
 */
export function clientOf({ ip = '' }: Pick<Request, 'ip'>): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (v4 !== undefined) return v4;
  const [head = '', tail] = ip.split('%')[0].toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  // What `::` leaves out is zeros; of the first four groups, only they can be missing.
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  while (groups.length < 4 && groups.length + behind < 8) groups.push('0');
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
