import { describeWithBrowser, seriousFindings, type Page } from '@btf-depot/browser/testing';
import { kernelPath, statusOf, statusOfSplitting, type KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDepot, type StartedDepot } from './start-depot.ts';

/** If text became markup, these would run or look like something else. */
const HOSTILE = '"><img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script>\u202e';

const buildId = buildIdOf('answers');
const path = kernelPath(buildId);

// The page over a depot with made-up answers: those that a real one gives only for a moment, or
// never.
describeWithBrowser('the page, whatever the depot answers,', (open) => {
  let depot: StartedDepot;
  beforeAll(async () => {
    depot = await startDepot();
  });
  afterAll(() => depot.close());

  type Answer = (times: number) => [status: number, body: unknown];

  const show = (search: string, answers: Record<string, Answer>) =>
    open(`${depot.url}/${search}`, {}, async (page) => {
      for (const [asked, answer] of Object.entries(answers)) await answerWith(page, asked, answer);
    });

  const answerWith = async (page: Page, asked: string, answer: Answer) => {
    let times = 0;
    await page.route(
      (url) => url.pathname === asked,
      async (route) => {
        const [status, json] = answer(++times);
        await route.fulfill({ status, json });
      },
    );
  };

  it('shows hostile names as the text that they are', async () => {
    const record = hostileRecord();
    const variable = {
      name: HOSTILE,
      section: HOSTILE,
      linkage: 'static',
      perCpu: false,
      from: 'vars',
      ksym: false,
      ksymReason: HOSTILE,
      declaration: HOSTILE,
      types: HOSTILE,
    };
    const site = {
      function: HOSTILE,
      section: HOSTILE,
      offset: 1,
      caller: { name: HOSTILE, offset: 1 },
      probe: HOSTILE,
      parameters: [{ name: HOSTILE, type: HOSTILE, where: HOSTILE, fetch: HOSTILE }],
    };
    const summary = { buildId, revision: 1, state: 'ready', release: HOSTILE, distro: HOSTILE };
    const answers: Record<string, Answer> = {
      '/v1/kernels': () => [200, { kernels: [summary] }],
      [path]: () => [200, record],
      [`${path}/vars`]: () => [200, { buildId, variables: [variable] }],
      [`${path}/vars/${encodeURIComponent('x')}`]: () => [
        200,
        { buildId, name: 'x', variables: [variable] },
      ],
      [`${path}/inlines`]: () => [200, { buildId, sites: [site] }],
    };
    const kernel = `?kernel=${buildId}`;
    const views = [
      '',
      kernel,
      `${kernel}&variables=`,
      `${kernel}&variable=x`,
      `${kernel}&function=x`,
    ];
    for (const view of views) {
      const { page, complaints } = await show(view, answers);
      await page.getByText('<img src=x').first().waitFor();
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await page.evaluate('globalThis.ran')).toBeUndefined();
      const text = await page.locator('main').innerText();
      expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
      expect(await seriousFindings(page)).toEqual([]);
      expect(complaints).toEqual([]);
    }
  });

  it('shows why a kernel was withdrawn, whatever was written there', async () => {
    const detail = `${HOSTILE}${'long'.repeat(5000)}\u0007\u2066end`;
    const gone = { ...unknown, status: 410, code: 'withdrawn', title: HOSTILE, detail };
    const narrow = { viewport: { width: 360, height: 800 } };
    const { page, complaints } = await open(`${depot.url}/?kernel=${buildId}`, narrow, (opened) =>
      answerWith(opened, path, () => [410, gone]),
    );
    await page.getByText('<img src=x').first().waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
    const text = await page.locator('main').innerText();
    // No mark reverses the words after it.
    expect(text).toContain('\\u{202e}');
    expect(text).toContain('\\u{7}\\u{2066}end');
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
  });

  it('says how far splitting is, and shows the kernel once it is there', async () => {
    const { page, complaints } = await show(`?kernel=${buildId}`, {
      [path]: (times) =>
        times === 1 ? [404, unknown] : [200, kernelRecord({ buildId, state: 'ready' })],
      [`${path}/status`]: (times) => [
        200,
        times < 4
          ? statusOfSplitting(buildId, { done: 100 * times, total: 400 })
          : statusOf(kernelRecord({ buildId, state: 'ready' })),
      ],
    });
    await page.getByRole('heading', { name: 'Being split' }).waitFor();
    await page.getByText('300 of 400').waitFor();
    expect(await page.getByRole('progressbar').getAttribute('value')).toBe('75');
    await page.getByRole('heading', { name: '6.12.0-test' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows the progress of its carriers beside the files that exist already', async () => {
    const record = kernelRecord({ buildId, progress: { done: 3, total: 12 } });
    const { page, complaints } = await show(`?kernel=${buildId}`, {
      [path]: () => [200, record],
      [`${path}/record.json`]: () => [200, record],
      [`${path}/status`]: () => [200, statusOf(record)],
    });
    await page.getByText('3 of 12').waitFor();
    await page.getByText('There is no manifest yet').waitFor();
    await page.getByRole('heading', { name: 'Contents' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('tells what to do with a depot that is empty', async () => {
    const { page, complaints } = await show('', { '/v1/kernels': () => [200, { kernels: [] }] });
    await page.getByText('The depot is empty').waitFor();
    expect(await page.getByText(`npx btfdepot push --url ${depot.url}/ vmlinux`).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('tells that a list is incomplete, and does not take its depot for empty', async () => {
    const incomplete = '3 records have been read so far';
    const summary = { buildId, revision: 1, state: 'ready', release: '6.12.0-test' };
    for (const kernels of [[summary], []]) {
      const { page, complaints } = await show('', {
        '/v1/kernels': () => [200, { kernels, incomplete }],
      });
      await page.getByRole('status').getByText(`may lack kernels: ${incomplete}`).waitFor();
      expect(await page.getByText('6.12.0-test').count()).toBe(kernels.length);
      expect(await page.getByText('The depot is empty').count()).toBe(0);
      expect(await seriousFindings(page)).toEqual([]);
      expect(complaints).toEqual([]);
    }
  });

  it('says a sentence for each code', async () => {
    const failure = { code: 'memory-limit', message: 'section .BTF' };
    const carrier = {
      loadable: false,
      why: 'no-vermagic',
      moduleName: 'btf_vmlinux',
      signed: false,
    };
    const record = kernelRecord({ buildId, state: 'failed', failure, carrier });
    const { page, complaints } = await show(`?kernel=${buildId}`, { [path]: () => [200, record] });
    await page.getByText('The work takes more memory than the limit. Code: memory-limit').waitFor();
    await page
      .getByText('the kernel file does not contain its vermagic; send one of its modules')
      .waitFor();
    expect(await page.getByText('no-vermagic').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows why a kernel failed, and the words of a depot that fails', async () => {
    const failure = { code: 'bad-btf', message: 'section .BTF, offset 24: cut off' };
    const failed = await show(`?kernel=${buildId}`, {
      [path]: () => [200, kernelRecord({ buildId, state: 'failed', failure })],
    });
    await failed.page.getByText(failure.message).waitFor();
    const down = await show('', { '/v1/kernels': () => [503, outage] });
    await down.page.getByRole('alert').getByText(outage.detail).waitFor();
    expect(await down.page.getByText(outage.code).count()).toBe(1);
    expect(await down.page.getByRole('link', { name: 'Try again' }).count()).toBe(1);
    const other = await show('', { '/v1/kernels': () => [200, { not: 'a depot' }] });
    await other.page.getByRole('alert').getByText('not-a-depot').waitFor();
    for (const { complaints } of [failed, down, other]) expect(complaints).toEqual([]);
  });
});

const unknown = {
  type: 'urn:btf-depot:problem:unknown-build-id',
  title: 'No kernel of this build ID',
  status: 404,
  code: 'unknown-build-id',
  detail: 'no kernel',
};

const outage = {
  type: 'urn:btf-depot:problem:store-unavailable',
  title: 'The store does not answer',
  status: 503,
  code: 'store-unavailable',
  detail: 'the store is away',
};

function hostileRecord(): KernelRecord {
  const blob = { sha256: '0'.repeat(64), size: 1 };
  const base = kernelRecord();
  const [source] = base.sources;
  return kernelRecord({
    buildId,
    state: 'ready',
    release: HOSTILE,
    distro: HOSTILE,
    arch: HOSTILE,
    parts: {
      vars: { ...blob, types: 1, variables: 1, origin: 'dwarf', baseSha256: base.core.sha256 },
      ksyms: { ...blob, types: 1, variables: 1, leftOut: { [HOSTILE]: 1, constructor: 2 } },
      inlines: {
        ...blob,
        types: 1,
        sites: 1,
        origin: 'dwarf',
        baseSha256: base.core.sha256,
        coverage: { complete: 1, unavailable: { [HOSTILE]: 3 }, located: HOSTILE },
      },
    },
    carrier: {
      loadable: false,
      why: HOSTILE,
      moduleName: HOSTILE,
      signed: false,
      vermagic: HOSTILE,
    },
    artifacts: { [HOSTILE]: { ...blob, mediaType: HOSTILE } },
    sources: [{ ...source, package: HOSTILE, kind: HOSTILE, encoder: HOSTILE, uploader: HOSTILE }],
  });
}
