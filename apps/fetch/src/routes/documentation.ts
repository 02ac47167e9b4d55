import { PROBLEMS } from '@btf-depot/contracts';
import { openApiDocument, ROUTES, type Route } from '@btf-depot/contracts/routes';
import { VERSION } from '@btf-depot/contracts/version';
import type { FetchHandlers } from './handlers.ts';

/** The routes of all services for programs, and for people. */
export function documentationHandlers(): Pick<FetchHandlers, 'openApi' | 'docs'> {
  const json = JSON.stringify(openApiDocument(ROUTES, VERSION));
  const html = page(ROUTES);
  return {
    openApi({ response }) {
      response.setHeader('Cache-Control', 'public, max-age=300');
      response.type('application/json').send(json);
    },
    docs({ response }) {
      response.setHeader('Cache-Control', 'public, max-age=300');
      response.setHeader(
        'Content-Security-Policy',
        "default-src 'none'; style-src 'unsafe-inline'",
      );
      response.type('html').send(html);
    },
  };
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'h2{font:600 1rem monospace;margin-top:2rem}table{border-collapse:collapse}' +
  'td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}' +
  '@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}';

function page(routes: readonly Route[]): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>BTF Depot: HTTP</title>' +
    '<meta name="viewport" content="width=device-width">' +
    `<style>${STYLE}</style><h1>BTF Depot: HTTP</h1>` +
    '<p>For programs: <a href="openapi.json">openapi.json</a>. Errors are ' +
    '<code>application/problem+json</code> with a stable <code>code</code>.</p>' +
    routes.map(section).join('') +
    '</html>'
  );
}

function section(route: Route): string {
  const { method, path, summary, description, query, upload, answers, blob, problems } = route;
  const { scope, price, priceEach } = route;
  const about = description === undefined ? '' : `<p>${escape(description)}</p>`;
  const rows = [
    [
      'Query',
      Object.keys(query?.shape ?? {})
        .map(code)
        .join(' '),
    ],
    [
      'Body',
      Object.keys(upload ?? {})
        .map(code)
        .join(' '),
    ],
    ['Token', scope === undefined ? '' : code(scope)],
    ['Price', [price, priceEach && `${priceEach} each`].filter(Boolean).join(', and ')],
    ['Answers', Object.keys(answers).map(code).join(' ')],
    ['Takes', blob ? 'HEAD, Range, If-Range, If-Match, If-None-Match' : ''],
    ['Problems', problems.map((name) => `${PROBLEMS[name].status} ${code(name)}`).join(', ')],
  ].filter(([, text]) => text !== '');
  return (
    `<h2>${method.toUpperCase()} ${escape(path)}</h2><p>${escape(summary)}</p>${about}<table>` +
    rows.map(([head, text]) => `<tr><th>${head}<td>${text}`).join('') +
    '</table>'
  );
}

function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
