import { readFile } from 'node:fs/promises';
import {
  describeWithBrowser,
  screenshot,
  seriousFindings,
  type OpenedPage,
} from '@btf-depot/browser/testing';
import { sha256Of } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FILLERS, KERNELS, REASON, startDepot, type StartedDepot } from './start-depot.ts';

const { variables, inlined, withdrawn, unknown } = KERNELS;

describeWithBrowser('the catalogue page', (open) => {
  let depot: StartedDepot;
  beforeAll(async () => {
    depot = await startDepot();
  });
  afterAll(() => depot.close());

  const show = async (search: string, options: Parameters<typeof open>[1] = {}) => {
    const opened = await open(`${depot.url}/${search}`, options);
    await opened.page.locator('main:not([aria-busy])').waitFor();
    return opened;
  };

  it('finds kernels by release, distribution, architecture and build ID', async () => {
    const { page, complaints } = await show('');
    await page.getByLabel('Release begins with').fill('6.12');
    await page.getByLabel('Distribution').fill(' debian ');
    await page.getByRole('button', { name: 'Search' }).click();
    const found = page.getByRole('table', { name: 'Kernels found' }).locator('tbody');
    await expect.poll(() => found.getByRole('row').count()).toBe(1);
    // The address is the state, without empty fields.
    expect(new URL(page.url()).search).toBe('?release=6.12&distro=+debian+');
    expect(await page.getByLabel('Distribution').inputValue()).toBe('debian');
    expect(await found.textContent()).toContain('6.12.117-test');
    await found.getByRole('link', { name: '6.12' }).click();
    await page.getByRole('heading', { level: 1, name: '6.12.117-test' }).waitFor();
    expect(new URL(page.url()).search).toBe(`?kernel=${variables}`);

    const byId = await show(`?buildId=${inlined.slice(0, 9).toUpperCase()}`);
    expect(await byId.page.locator('tbody tr').count()).toBe(1);
    const none = await show('?arch=vax');
    expect(await none.page.getByText('No kernel matches.').count()).toBe(1);
    expect([...complaints, ...byId.complaints, ...none.complaints]).toEqual([]);
  });

  it('goes through more kernels than a page has', async () => {
    const { page } = await show('?distro=openwrt');
    const rows = page.getByRole('table', { name: 'Kernels found' }).locator('tbody tr');
    // The newest first: 6.6.54 comes before 6.6.9.
    expect(await rows.first().textContent()).toContain('6.6.54');
    expect(await rows.count()).toBe(50);
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect.poll(() => rows.count()).toBe(FILLERS - 50);
    await page.getByRole('link', { name: 'First page' }).click();
    await expect.poll(() => rows.count()).toBe(50);
    expect(new URL(page.url()).search).toBe('?distro=openwrt');
  });

  it('lists kernels in the order of the clicked heading, and marks it', async () => {
    const { page, complaints } = await show('?release=6');
    const shown = () => page.locator('tbody tr').allTextContents();
    const sorted = page.locator('thead [aria-sort]');
    expect(await sorted.textContent()).toBe('Release');
    await page.getByRole('link', { name: 'Sent' }).click();
    await expect.poll(() => new URL(page.url()).search).toBe('?release=6&sort=sent');
    await expect.poll(() => sorted.textContent()).toBe('Sent');
    const days = (await shown()).map((text) => /\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? '');
    expect(days).toEqual([...days].sort().reverse());
    await page.getByRole('link', { name: 'Build ID' }).click();
    await expect.poll(() => sorted.textContent()).toBe('Build ID');
    const ids = (await shown()).map((text) => text.slice(-40));
    expect(ids).toEqual([...ids].sort());
    // Another search keeps the order.
    await page.getByRole('button', { name: 'Search' }).click();
    await expect.poll(() => sorted.textContent()).toBe('Build ID');
    expect(complaints).toEqual([]);
  });

  it('shows what there is of a kernel, and that its manifest is signed', async () => {
    const { page, complaints } = await show(`?kernel=${variables}`);
    const record = await depot.client.record(variables);
    const { keys } = await depot.client.keys();
    await page.getByText(`signed with key ${keys[0]?.number ?? ''}`).waitFor();
    expect(await page.title()).toBe('6.12.117-test · BTF Depot');
    for (const [name, { size }] of Object.entries(record?.artifacts ?? {})) {
      const row = page
        .getByRole('row')
        .filter({ has: page.getByRole('link', { name, exact: true }) });
      expect(await row.locator('.number').textContent()).toBe(size.toLocaleString('en'));
    }
    const merged = page.getByRole('link', { name: 'vmlinux.full.btf', exact: true });
    const answer = await fetch(new URL((await merged.getAttribute('href')) ?? '', page.url()));
    expect([answer.status, (await answer.bytes()).subarray(0, 2)]).toEqual([
      200,
      new Uint8Array([0x9f, 0xeb]),
    ]);
    expect(await page.getByRole('figure').allTextContents()).toEqual([
      expect.stringMatching(/ksyms.* 1 33\.3 %.*left out 2 66\.7 %/),
      expect.stringContaining('its memory is freed after boot1'),
    ]);
    expect(await page.getByText(`npx btfdepot get --url ${depot.url} ${variables}`).count()).toBe(
      1,
    );
    expect(complaints).toEqual([]);
  });

  it('saves an artifact once it is what the signed manifest names', async () => {
    const { page, complaints } = await show(`?kernel=${variables}`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download and check: btf_vmlinux.ko.gz' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('btf_vmlinux.ko.gz');
    const record = await depot.client.record(variables);
    const saved = await readFile(await download.path());
    expect(sha256Of(saved)).toBe(record?.artifacts['btf_vmlinux.ko.gz']?.sha256);

    const chooser = page.getByLabel('Check a downloaded file');
    await chooser.setInputFiles({ name: 'a.gz', mimeType: '', buffer: saved });
    await page.getByText('a.gz is btf_vmlinux.ko.gz of revision 1').waitFor();
    await chooser.setInputFiles({ name: 'b', mimeType: '', buffer: saved.subarray(1) });
    await page.getByText('b is not a file of this kernel').waitFor();
    expect(complaints).toEqual([]);
  });

  it('suggests variables while one types, and shows one', async () => {
    const { page, complaints } = await show(`?kernel=${variables}&variables=`);
    const list = page.getByRole('list', { name: 'Variables' });
    expect(await list.getByRole('link').allTextContents()).toEqual(['freed', 'safe', 'twice']);
    await page.getByLabel('Variable, or a pattern').pressSequentially('sa');
    await page.locator('datalist option[value=safe]').waitFor({ state: 'attached' });
    await page.getByLabel('Variable, or a pattern').fill('safe');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'int safe;' }).waitFor();
    expect(new URL(page.url()).searchParams.get('variable')).toBe('safe');
    const fact = (term: string) => page.locator('dl div').filter({ hasText: term }).locator('dd');
    expect(await fact('Address as linked').textContent()).toBe('0xffffffff83000000');
    expect(await fact('ksym').textContent()).toBe('yes');

    const freed = await show(`?kernel=${variables}&variable=freed`);
    expect(await freed.page.getByText('no: its memory is freed after boot').count()).toBe(1);
    expect([...complaints, ...freed.complaints]).toEqual([]);
  });

  it('lists variables by pattern, and explains why another text is none', async () => {
    const { page, complaints } = await show(`?kernel=${variables}&variables=`);
    const list = page.getByRole('list', { name: 'Variables' }).getByRole('link');
    await page.getByLabel('Variable, or a pattern').fill('?*e');
    await page.keyboard.press('Enter');
    await expect.poll(() => list.allTextContents()).toEqual(['safe', 'twice']);
    await page.getByLabel('Variable, or a pattern').fill('fr');
    await page.getByRole('button', { name: 'List by prefix' }).click();
    await expect.poll(() => list.allTextContents()).toEqual(['freed']);
    await page.getByLabel('Variable, or a pattern').fill('(safe|twice)*');
    await page.keyboard.press('Enter');
    await page.getByText('regular expressions do not work').waitFor();
    expect(complaints).toEqual([]);
  });

  it('copies a variable as C', async () => {
    const permissions = { permissions: ['clipboard-read', 'clipboard-write'] };
    const { page } = await show(`?kernel=${variables}&variable=safe`, permissions);
    const button = page.getByRole('button', { name: 'Copy as C: safe' });
    await button.click();
    await button.filter({ hasText: 'Copied' }).waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    const asked = await depot.client.variableAs(variables, 'safe', 'c');
    // Before that, the depot's C says where the variable lies.
    expect(new TextDecoder().decode(asked)).toContain(copied);
    expect(copied).toContain('extern int safe;');
  });

  it('reports a missing variable, with similar names', async () => {
    const { page, complaints } = await show(`?kernel=${variables}&variable=saf`);
    await page.getByText('This kernel has no variable saf').waitFor();
    await page.getByRole('link', { name: 'safe' }).first().click();
    await page.getByRole('heading', { name: 'int safe;' }).waitFor();
    const odd = await show(`?kernel=${variables}&variable=${encodeURIComponent('"><b>no name')}`);
    await odd.page.getByText('This kernel has no variable "><b>no name').waitFor();
    expect([...complaints, ...odd.complaints]).toEqual([]);
  });

  it('shows where a function is inlined, and what is inlined at an address', async () => {
    const { page, complaints } = await show(`?kernel=${inlined}&inlined=`);
    const functions = page.getByRole('list', { name: 'Inlined functions' });
    expect(await functions.getByRole('listitem').allTextContents()).toEqual([
      'twice3 inlined calls',
    ]);
    await page.getByRole('textbox', { name: 'Inlined function' }).fill('tw?c*');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Inlined functions' }).waitFor();
    await functions.getByRole('link', { name: 'twice' }).click();
    const sites = page.getByRole('list', { name: 'Inlined calls' }).getByRole('listitem');
    await expect.poll(() => sites.count()).toBe(3);
    expect(await sites.first().textContent()).toMatch(/twice in caller\+0x4.*rdi/);
    await sites.nth(1).getByRole('link').last().click();
    await expect.poll(() => sites.count()).toBe(2);
    const without = await show(`?kernel=${variables}&inlined=`);
    await without.page.getByText('This kernel came without inlined calls').waitFor();
    const missing = await show(`?kernel=${inlined}&function=twic`);
    await missing.page.getByRole('link', { name: 'twice' }).waitFor();
    const all = [...complaints, ...without.complaints, ...missing.complaints];
    expect(all).toEqual([]);
  });

  it('says what a miss is: never sent, withdrawn, no build ID', async () => {
    const never = await show(`?kernel=${unknown}`);
    await never.page.getByRole('heading', { name: 'Not in this depot' }).waitFor();
    expect(await never.page.getByText(`btfdepot push --url ${depot.url}`).count()).toBe(1);
    const taken = await show(`?kernel=${withdrawn}`);
    await taken.page.getByText(REASON).waitFor();
    const none = await show('?kernel=%3Cscript%3Ealert(1)%3C/script%3E');
    await none.page.getByText('<script>alert(1)</script>').waitFor();
    for (const { complaints } of [never, taken, none]) expect(complaints).toEqual([]);
  });

  it('runs no script from a text, and reports it', async () => {
    const { page, complaints } = await show('');
    await page.evaluate(`{
      const script = document.createElement('script');
      try { script.textContent = 'globalThis.ran = true'; } catch {}
      document.body.append(script);
      try { document.body.innerHTML += '<img src=x onerror="globalThis.ran = true">'; } catch {}
    }`);
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
    expect(complaints.join()).toMatch(/TrustedScript.*blocked.*TrustedHTML.*blocked/);
  });

  it('is reached by keyboard, the content first', async () => {
    const { page } = await show('');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.name')).toBe('release');
  });

  const places: [name: string, search: string][] = [
    ['search', ''],
    ['kernel', `?kernel=${variables}`],
    ['inlined-kernel', `?kernel=${inlined}`],
    ['variables', `?kernel=${variables}&variables=`],
    ['variable', `?kernel=${variables}&variable=safe`],
    ['functions', `?kernel=${inlined}&inlined=`],
    ['sites', `?kernel=${inlined}&function=twice`],
    ['unknown', `?kernel=${unknown}`],
    ['withdrawn', `?kernel=${withdrawn}`],
  ];

  it.each(places)(
    '%s: nothing serious for axe-core, in light and in dark',
    async (name, search) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await show(search, { colorScheme });
        await settled(page);
        expect(await seriousFindings(page)).toEqual([]);
        await screenshot(page, `${name}-${colorScheme}`);
      }
    },
  );

  it.each(places)('%s: has all that one clicks within its width', async (_name, search) => {
    const { page } = await show(search, { viewport: { width: 1280, height: 720 } });
    await settled(page);
    const beyond = await page.evaluate(`{
      const edge = document.querySelector('main').getBoundingClientRect().right;
      [...document.querySelectorAll('main :is(a, button, input)')]
        .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > edge)
        .map((one) => one.outerHTML.slice(0, 100));
    }`);
    expect(beyond).toEqual([]);
  });

  it.each(places)('%s: fits the width of a phone', async (name, search) => {
    const { page } = await show(search, { viewport: { width: 360, height: 740 } });
    await settled(page);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    // A button with its words below each other is higher than one line.
    for (const button of await page.locator('button:visible').all()) {
      expect((await button.boundingBox())?.height).toBeLessThan(48);
    }
    await screenshot(page, `${name}-phone`);
  });
});

/** The page's own check of the manifest has ended. */
async function settled(page: OpenedPage['page']): Promise<void> {
  await page.getByText('Checking the manifest').waitFor({ state: 'detached' });
}
