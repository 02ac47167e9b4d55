import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWithBrowser, screenshot, seriousFindings } from '@btf-depot/browser/testing';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, loadableKernel, sha256Of } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { beforeAll, expect, it } from 'vitest';

const buildId = buildIdOf('private');

describeWithBrowser('the page of a depot that only token holders read', (open) => {
  const folder = testFolder();
  const depot = testDepot(join(folder, 'data'), {
    BTFDEPOT_TOKENS: 'all',
    BTFDEPOT_TOKEN_AGE: '0',
    BTFDEPOT_LIST_AGE: '0',
  });
  let client: DepotClient;
  let token: string;
  /** The pages' requests. */
  const asked: string[] = [];

  beforeAll(async () => {
    token = (await tokenFor('reader', 'read')).token;
    const admin = await tokenFor('farm', 'admin');
    client = new DepotClient(depot.url, { token: admin.token });
    const { vmlinux, full } = loadableKernel(buildId);
    await client.upload({
      kernel: new Blob([vmlinux.slice()]),
      full: new Blob([full.slice()]),
      query: { release: '6.12.117-private' },
    });
    await client.waitUntilDone(buildId);
  });

  async function tokenFor(name: string, scopes: string) {
    const asked = [name, '--scopes', scopes, '--data', 'data', '--json'];
    const { output } = await btfdepot(['token', 'create', ...asked], folder);
    return JSON.parse(output) as { token: string; id: string };
  }

  const show = async (search = '') => {
    const opened = await open(`${depot.url}/${search}`);
    opened.page.on('request', (request) => asked.push(request.url()));
    await opened.page.locator('main:not([aria-busy])').waitFor();
    return opened;
  };
  const give = async ({ page }: Awaited<ReturnType<typeof show>>, text: string) => {
    await page.getByLabel('Token', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Use it' }).click();
  };

  it('asks for a token, and then shows the requested place', async () => {
    const opened = await show(`?kernel=${buildId}`);
    const { page, complaints } = opened;
    await page.getByRole('heading', { name: 'This depot asks for a token' }).waitFor();
    expect(await page.getByText('6.12.117-private').count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, 'token');
    await give(opened, ` ${token}\n`);
    await page.getByRole('heading', { level: 1, name: '6.12.117-private' }).waitFor();
    expect(page.url()).toBe(`${depot.url}/?kernel=${buildId}`);
    expect(await page.getByText('Authorization: Bearer $BTFDEPOT_TOKEN').count()).toBe(1);

    // It stays until the tab is closed, on other places too, and gets into no address.
    await page.getByRole('link', { name: 'Kernels', exact: true }).click();
    await page.getByRole('link', { name: '6.12.117-private' }).click();
    await page.getByRole('link', { name: 'Variables', exact: true }).first().click();
    await page.getByRole('link', { name: 'safe', exact: true }).click();
    await page.getByRole('heading', { name: 'int safe;' }).waitFor();
    expect(asked.some((url) => url.startsWith(`${depot.url}/v1/kernels?`))).toBe(true);
    expect(asked.filter((url) => url.includes(token))).toEqual([]);
    expect(await seriousFindings(page)).toEqual([]);

    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.getByRole('heading', { name: 'This depot asks for a token' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('downloads with it, checked or not', async () => {
    const opened = await show(`?kernel=${buildId}`);
    const { page } = opened;
    await give(opened, token);
    await page.getByRole('heading', { level: 1, name: '6.12.117-private' }).waitFor();
    const name = 'btf_vmlinux.ko.gz';
    const record = await client.record(buildId);
    const saved = async (click: () => Promise<void>) => {
      const [download] = await Promise.all([page.waitForEvent('download'), click()]);
      return [download.suggestedFilename(), await readFile(await download.path())] as const;
    };
    for (const control of [
      page.getByRole('link', { name, exact: true }),
      page.getByRole('button', { name: `Download and check: ${name}` }),
    ]) {
      const [file, bytes] = await saved(() => control.click());
      expect(file).toBe(name);
      expect(sha256Of(bytes)).toBe(record?.artifacts[name]?.sha256);
    }
    await page.goto(`${depot.url}/?kernel=${buildId}&variable=safe`);
    const [file, bytes] = await saved(() => page.getByRole('link', { name: 'as C' }).click());
    expect(file).toBe('safe.c');
    expect(bytes.toString()).toContain('extern int safe;');
  });

  it('says what is wrong with a token, and takes another', async () => {
    const opened = await show();
    const { page, complaints } = opened;
    await give(opened, 'no token');
    // The browser names the fault, and nothing is sent.
    expect(await page.locator('input:invalid').count()).toBe(1);
    await give(opened, `btfd_${'0'.repeat(16)}_${'0'.repeat(64)}`);
    await page.getByRole('heading', { name: 'This token is not valid' }).waitFor();
    await page.getByText('The depot says: the token is not valid.').waitFor();
    const revoked = await tokenFor('gone', 'read');
    await give(opened, revoked.token);
    await page.getByRole('link', { name: '6.12.117-private' }).waitFor();
    await btfdepot(['token', 'revoke', revoked.id, '--data', 'data'], folder);
    await page.reload();
    await page.getByText('The depot says: the token was revoked.').waitFor();
    await give(opened, token);
    await page.getByRole('link', { name: '6.12.117-private' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('and the description of the routes are all that is shown without a token', async () => {
    const paths = ['/', '/docs', '/openapi.json', '/healthz'];
    for (const path of paths) expect((await fetch(depot.url + path)).status, path).toBe(200);
    for (const path of ['/v1/kernels', `/v1/kernels/${buildId}`, '/assets', '//', '/assets/a/b']) {
      expect((await fetch(depot.url + path)).status, path).toBe(401);
    }
  });
});
