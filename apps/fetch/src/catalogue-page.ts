import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DepotError } from '@btf-depot/depot';
import { onlyMethods } from '@btf-depot/service-kit';
import { Router } from 'express';
import { preferred } from './preference.ts';
import type { SendBlob } from './send-blob.ts';

/** What `npm run build` makes of apps/catalogue. */
const BUILT = fileURLToPath(new URL('../../catalogue/dist', import.meta.url));

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing but what this depot serves; no string becomes markup or script. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
} as const;

/**
 * The catalogue page at `/`, from memory: what it loads is named by its content, and immutable.
 * Without a built page the depot serves all the rest.
 *
 * @param folder of the page, read once, now.
 */
export function cataloguePage(send: SendBlob, folder = BUILT): Router {
  const router = Router();
  const root = router.route('/');
  if (existsSync(join(folder, 'index.html'))) {
    const index = fileAt(join(folder, 'index.html'));
    root.get((request, response) => {
      const chosen = index.form(request.headers['accept-encoding']);
      send(request, response, { ...chosen, immutable: false, headers: PAGE_HEADERS });
    });
  } else {
    root.get(() => {
      const how = 'npm run build, and start again; the routes are at /docs';
      throw new DepotError('not-found', `the page is not built: ${how}`);
    });
  }
  root.all(onlyMethods('GET, HEAD'));

  const assets = new Map(
    globSync(join(folder, 'assets', '*')).map((path) => [basename(path), fileAt(path)]),
  );
  const asset = router.route('/assets/:file');
  asset.get((request, response, next) => {
    const file = assets.get(request.params.file);
    if (!file) {
      next();
      return;
    }
    const chosen = file.form(request.headers['accept-encoding']);
    send(request, response, { ...chosen, immutable: true });
  });
  return router;
}

/** The page and what it loads: the same for everyone, with nothing of the depot's kernels. */
export function isOfPage(path: string): boolean {
  return path === '/' || /^\/assets\/[\w.-]+$/.test(path);
}

/** A file in memory, as it is and as gzip. */
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

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
