import type { Request } from 'express';

/**
 * The client by its address: behind trusted proxies, the address that they name. For IPv6 the
 * network, since one customer has 2^64 addresses.
 */
export function clientOf({ ip = '' }: Pick<Request, 'ip'>): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (v4 !== undefined) return v4;
  const [head = '', tail] = ip.split('%')[0].toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  // `::` stands for zeros; only they can be missing among the first four groups.
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  while (groups.length < 4 && groups.length + behind < 8) groups.push('0');
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
