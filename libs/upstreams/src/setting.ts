import { isAbsolute } from 'node:path';
import type { Upstream } from '@btf-depot/depot';
import { SOURCE_KINDS, type SourceKind, type SourceKindName, type SourceOptions } from './kinds.ts';

/** An entry of `BTFDEPOT_UPSTREAMS`. */
export interface UpstreamAddress {
  kind: SourceKindName;
  /** A URL that ends with `/`, or an absolute path. */
  at: string;
  /** Name of its principal. */
  name: string;
}

/** A fault of the setting. */
export class BadUpstreams extends Error {
  override readonly name = 'BadUpstreams';
}

const kinds: Readonly<Record<string, SourceKind>> = SOURCE_KINDS;

/**
 * `debuginfod http://127.0.0.1:8002, depot https://depot.example, files /srv/kernels`: the order of
 * requests.
 * @throws BadUpstreams.
 */
export function parseUpstreams(text: string): UpstreamAddress[] {
  const addresses = text.split(',').flatMap((one) => {
    const [kind = '', at, ...more] = one.trim().split(/\s+/);
    if (kind === '') return [];
    if (at === undefined || more.length > 0) {
      throw new BadUpstreams(
        `expected a kind and an address, such as debuginfod https://…, got ${JSON.stringify(one.trim())}`,
      );
    }
    return [addressOf(kind, at)];
  });
  const twice = addresses.find(({ name }, index) =>
    addresses.slice(0, index).some((before) => before.name === name),
  );
  if (twice) throw new BadUpstreams(`${twice.name} is named twice`);
  return addresses;
}

function addressOf(kind: string, at: string): UpstreamAddress {
  if (!isKind(kind)) {
    const known = Object.keys(kinds).join(', ');
    throw new BadUpstreams(
      `${JSON.stringify(kind)} is not a kind of upstream; these are: ${known}`,
    );
  }
  const { at: where, nameOf }: SourceKind = SOURCE_KINDS[kind];
  if (where === 'path') {
    if (!isAbsolute(at)) throw new BadUpstreams(`${at}: a path begins with /`);
    return { kind, at, name: at };
  }
  const url = URL.parse(at);
  if (!url || !/^https?:$/.test(url.protocol)) throw new BadUpstreams(`${at} is not an HTTP URL`);
  if (url.username !== '' || url.password !== '') {
    throw new BadUpstreams(`${url.host}: put no password into the URL, because logs show it`);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return { kind, at: url.href, name: nameOf?.(url) ?? url.host };
}

function isKind(kind: string): kind is SourceKindName {
  return Object.hasOwn(kinds, kind);
}

/**
 * The URLs of debuginfod's own variable, with spaces between them, as upstreams; others are left
 * out.
 */
export function upstreamsOfDebuginfod(urls: string): UpstreamAddress[] {
  const found = urls.split(/\s+/).filter((url) => /^https?:\/\//.test(url));
  return parseUpstreams([...new Set(found)].map((url) => `debuginfod ${url}`).join(','));
}

export function openUpstream(
  { kind, at, name }: UpstreamAddress,
  options: SourceOptions,
): Upstream {
  return SOURCE_KINDS[kind].open(at, name, options);
}
