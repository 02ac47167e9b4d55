import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DepotError, sha256Of } from '@btf-depot/depot';
import { preferred } from '../answers/accept-header.ts';
import type { SendBlob } from '../answers/send-blob.ts';
import type { FetchHandlers } from './handlers.ts';

/** The output of `npm run build` for apps/catalogue. */
const BUILT = fileURLToPath(new URL('../../../catalogue/dist', import.meta.url));

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Only what this depot serves; no string becomes markup or script. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
} as const;

/**
 * The catalogue page, from memory: its files are named by their content, and immutable. Without a
 * built page the depot serves everything else.
 *
 * @param folder of the page, read once, now.
 */
export function pageHandlers(
  send: SendBlob,
  folder = BUILT,
): Pick<FetchHandlers, 'page' | 'asset'> {
  const index = existsSync(join(folder, 'index.html'))
    ? fileAt(join(folder, 'index.html'))
    : undefined;
  const assets = new Map(
    globSync(join(folder, 'assets', '*')).map((path) => [basename(path), fileAt(path)]),
  );
  return {
    page({ request, response }) {
      if (!index) {
        const how = 'npm run build, and start again; the routes are at /docs';
        throw new DepotError('not-found', `the page is not built: ${how}`);
      }
      const chosen = index.form(request.headers['accept-encoding']);
      void send(request, response, { ...chosen, immutable: false, headers: PAGE_HEADERS });
    },
    asset({ request, response, params }) {
      const file = assets.get(params.file);
      if (!file) throw new DepotError('not-found', `no route ${request.path}`);
      const chosen = file.form(request.headers['accept-encoding']);
      void send(request, response, { ...chosen, immutable: true });
    },
  };
}

/** A file in memory, plain and as gzip. */
function fileAt(path: string) {
  const plain = readFileSync(path);
  const packed = gzipSync(plain);
  const mediaType = MEDIA_TYPES[extname(path)] ?? 'application/octet-stream';
  const common = { mediaType, vary: 'Accept-Encoding' };
  const forms = {
    plain: { ...common, bytes: plain, sha256: sha256Of(plain) },
    gzip: { ...common, bytes: packed, sha256: sha256Of(packed), encoding: 'gzip' },
  };
  return {
    form: (accept: string | undefined) =>
      accept !== undefined && preferred(accept, ['gzip']) ? forms.gzip : forms.plain,
  };
}
