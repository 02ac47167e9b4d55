import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeWithBrowser, type Page } from '@btf-depot/browser/testing';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

/** A name whose owner points it at this machine, as in DNS rebinding. */
const REBOUND = 'evil.test';

const mine = buildIdOf('published by its owner');
const planted = buildIdOf('published by a page');

// The depot as `npm start` runs it: on loopback, without tokens. Pages in a browser on this machine
// try to change it.
describeWithBrowser(
  'a page from elsewhere',
  (open) => {
    const folder = testFolder();
    let depot: StartedDepot;
    let client: DepotClient;
    let elsewhere: ReturnType<typeof createServer>;
    let foreign: string;
    let rebound: string;

    beforeAll(async () => {
      depot = await startDepot(folder, { BTFDEPOT_LIST_AGE: '0' });
      client = new DepotClient(depot.url);
      await client.upload({ kernel: new Blob([kernelFile({ buildId: mine }).slice()]) });
      elsewhere = createServer((request, response) => {
        response.setHeader('Content-Type', 'text/html');
        // Its origin is `null` then.
        if (request.url === '/sandboxed') {
          response.setHeader('Content-Security-Policy', 'sandbox allow-scripts allow-forms');
        }
        response.end('<!doctype html><title>elsewhere</title><link rel="icon" href="data:,">');
      });
      await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
      foreign = `http://${REBOUND}:${(elsewhere.address() as AddressInfo).port}/`;
      rebound = `http://${REBOUND}:${new URL(depot.url).port}`;
    });
    afterAll(async () => {
      await depot.stop();
      elsewhere.close();
    });

    /** In each case the owner's kernel stays, and there is no other. */
    const isUntouched = async () => {
      expect((await client.record(mine))?.state).toMatch(/compressing|ready/);
      expect(await client.record(planted)).toBeUndefined();
    };
    beforeEach(isUntouched);

    /** In a page: an attacker's means, and requests. */
    const kernel = JSON.stringify(Buffer.from(kernelFile({ buildId: planted })).toString('base64'));
    const bytes = `Uint8Array.from(atob(${kernel}), (character) => character.charCodeAt(0))`;
    const multipart = `(() => { const form = new FormData();
      form.append('kernel', new Blob([${bytes}]), 'vmlinux'); return form; })()`;

    const run = (page: Page, script: string) =>
      page.evaluate<unknown>(`(async () => { ${script} })().catch(String)`);

    const send = (page: Page, url: string, init: string) =>
      run(
        page,
        `const answer = await fetch(${JSON.stringify(url)}, ${init});
         return answer.type === 'opaque' ? 'opaque' : [answer.status, (await answer.json()).code];`,
      );

    it('sends a form without asking first, and is refused', async () => {
      const { page } = await open(foreign);
      const answered = page.waitForResponse((response) => response.url().includes('/v1/kernels'));
      await run(
        page,
        `const form = Object.assign(document.createElement('form'), {
           method: 'post', enctype: 'multipart/form-data',
           action: ${JSON.stringify(`${depot.url}/v1/kernels`)} });
         const file = Object.assign(document.createElement('input'), { type: 'file', name: 'kernel' });
         const files = new DataTransfer();
         files.items.add(new File([${bytes}], 'vmlinux'));
         file.files = files.files;
         form.append(file);
         document.body.append(form);
         form.submit();`,
      );
      expect((await answered).status()).toBe(403);
      await page.getByText('foreign-origin').waitFor();
      await isUntouched();
    });

    it('sends a request without preflight by fetch, and is refused', async () => {
      const { page } = await open(foreign);
      const answered = page.waitForResponse((response) => response.url().includes('/v1/kernels'));
      const url = `${depot.url}/v1/kernels`;
      expect(await send(page, url, `{ method: 'POST', mode: 'no-cors', body: ${multipart} }`)).toBe(
        'opaque',
      );
      expect((await answered).status()).toBe(403);
      await isUntouched();
    });

    it('is stopped by the preflight', async () => {
      const { page } = await open(foreign);
      const kernels = `${depot.url}/v1/kernels`;
      const json = `headers: { 'Content-Type': 'application/json' }, body: '{"reason":"gone"}'`;
      for (const [url, init] of [
        [`${kernels}/${mine}`, `{ method: 'DELETE', ${json} }`],
        [kernels, `{ method: 'PUT', body: ${bytes} }`],
        [kernels, `{ method: 'POST', ${json} }`],
        [`${kernels}/lookup`, `{ method: 'POST', ${json} }`],
      ] as const) {
        expect(await send(page, url, init)).toContain('TypeError');
      }
      await isUntouched();
    });

    it('that hides its origin is refused', async () => {
      const { page } = await open(`${foreign}sandboxed`);
      const answered = page.waitForResponse((response) => response.url().includes('/v1/kernels'));
      const url = `${depot.url}/v1/kernels`;
      await send(page, url, `{ method: 'POST', mode: 'no-cors', body: ${multipart} }`);
      expect(await page.evaluate('origin')).toBe('null');
      expect((await answered).status()).toBe(403);
      await isUntouched();
    });

    it('whose name is rebound to this machine neither changes nor reads', async () => {
      // The page's origin is the name, so its requests to the name reach this depot.
      const { page } = await open(`${rebound}/`);
      const kernels = `${rebound}/v1/kernels`;
      const refused = [403, 'foreign-host'];
      const json = `headers: { 'Content-Type': 'application/json' }, body: '{"reason":"gone"}'`;
      expect(await send(page, `${kernels}/${mine}`, `{ method: 'DELETE', ${json} }`)).toEqual(
        refused,
      );
      expect(await send(page, kernels, `{ method: 'POST', body: ${multipart} }`)).toEqual(refused);
      expect(await send(page, kernels, `{ method: 'PUT', body: ${bytes} }`)).toEqual(refused);
      expect(await send(page, kernels, '{}')).toEqual(refused);
      await isUntouched();
    });

    it('links to the depot', async () => {
      const { page } = await open(foreign);
      const kernel = JSON.stringify(`${depot.url}/?kernel=${mine}`);
      await run(page, `location.href = ${kernel}`);
      await page.getByText(mine).first().waitFor();
    });

    it("is refused what the depot's own page may do", async () => {
      const own = buildIdOf('published by its own page');
      const { page } = await open(depot.url);
      const body = JSON.stringify(Buffer.from(kernelFile({ buildId: own })).toString('base64'));
      const kernels = `${depot.url}/v1/kernels`;
      const put = `{ method: 'PUT', body: Uint8Array.from(atob(${body}), (c) => c.charCodeAt(0)) }`;
      expect(await send(page, kernels, put)).toEqual([201, undefined]);
      const json = `headers: { 'Content-Type': 'application/json' }, body: '{"reason":"gone"}'`;
      const gone = await send(page, `${kernels}/${own}`, `{ method: 'DELETE', ${json} }`);
      expect(gone).toEqual([200, undefined]);
    });
  },
  // The browser's own resolver: no name server is asked.
  [`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
);
