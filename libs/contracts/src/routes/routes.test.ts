import { expect, test } from 'vitest';
import { FETCH_ROUTES, openApiDocument, pathOfAny, plainPath, ROUTES } from './index.ts';

const buildId = 'ab'.repeat(20);
const sha256 = 'cd'.repeat(32);

test.each(ROUTES)('$method $path says what each of its parameters is', (route) => {
  const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  expect(Object.keys(route.parameters ?? {})).toEqual(named);
});

test('no two routes have one method and path', () => {
  const all = ROUTES.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(all).size).toBe(all.length);
});

test('the document has all of them, and the ways to ask each', () => {
  const { paths } = openApiDocument(ROUTES, '1.2.3') as {
    paths: Record<string, Record<string, { parameters: { name: string; in: string }[] }>>;
  };
  for (const { method, path, parameters, query, reads } of ROUTES) {
    const asked = (where: string) =>
      paths[path]?.[method]?.parameters.filter((one) => one.in === where).map(({ name }) => name);
    expect(asked('path')).toEqual(Object.keys(parameters ?? {}));
    // In a depot that fetches what it does not have.
    const isRead = method === 'get' || reads === true;
    const pulls = isRead && path.startsWith('/v1/kernels/{buildId}');
    const ours = pulls ? ['wait', 'again', 'pull'] : [];
    expect(asked('query')).toEqual([...Object.keys(query?.shape ?? {}), ...ours]);
  }
});

test('a number of the query is one in the document, with its limits', () => {
  expect(JSON.stringify(openApiDocument(ROUTES, '1.2.3'))).toContain(
    '"name":"limit","required":false,"schema":{"type":"integer","minimum":1,"maximum":1000',
  );
});

test.each([
  ['artifact', `/v1/kernels/${buildId}/btf_vmlinux.ko.gz`, [buildId, 'btf_vmlinux.ko.gz']],
  ['variable', `/v1/kernels/${buildId}/vars/init_task`, [buildId, 'init_task']],
  ['section', `/buildid/${buildId}/section/.BTF.vars`, [buildId, '.BTF.vars']],
  ['blob', `/v1/blobs/sha256/${sha256}`, [sha256]],
] as const)('the plain path of %s has its parameters', (name, path, parameters) => {
  expect(plainPath(FETCH_ROUTES[name]).exec(path)?.slice(1)).toEqual(parameters);
});

test.each([
  ['artifact', `/v1/kernels/${buildId.toUpperCase()}/manifest`],
  ['artifact', `/v1/kernels/${buildId}/manifest?x`],
  ['artifact', `/v1/kernels/${buildId}/mani%66est`],
  ['artifact', `/v1/kernels/${buildId}/vars/manifest`],
  ['variable', `/v1/kernels/${buildId}/vars/a%2Fb`],
  ['section', `/buildid/${buildId}/section/.BTF/`],
  ['blob', `/v1/blobs/sha256/${sha256}0`],
  ['blob', `/v1/blobs/sha256/${sha256}?as=json`],
] as const)('what is not plain is for the router: %s %s', (name, path) => {
  expect(plainPath(FETCH_ROUTES[name]).test(path)).toBe(false);
});

test('a path is one of several routes, whatever its parameters', () => {
  const isQuestion = pathOfAny(ROUTES.filter(({ reads }) => reads));
  expect(isQuestion('/v1/kernels/lookup')).toBe(true);
  expect(isQuestion('/v1/kernels/no-build-id/vars/resolve')).toBe(true);
  expect(isQuestion('/v1/kernels/a/b/vars/resolve')).toBe(false);
  expect(isQuestion('/v1/kernels')).toBe(false);
});
