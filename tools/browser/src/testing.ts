import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Provided } from '@btf-depot/services/provision';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, inject, it } from 'vitest';

export type { Page };

declare module 'vitest' {
  export interface ProvidedContext {
    /** The browser's file. */
    chromium: Provided<string>;
  }
}

export interface OpenedPage {
  page: Page;
  /**
   * Errors on the console, exceptions, violations of the Content-Security-Policy, requests to other
   * servers. Chromium's own line about an error status is ignored: misses are answers.
   */
  complaints: string[];
}

/** @param prepare runs before the page is loaded. */
export type OpenPage = (
  url: string,
  options?: BrowserContextOptions,
  prepare?: (page: Page) => Promise<void>,
) => Promise<OpenedPage>;

/**
 * `describe` for tests that need a browser; each page has its own profile, and is closed after its
 * test. Without a browser, one skipped test tells why.
 *
 * @param args of the browser's command line.
 */
export function describeWithBrowser(
  name: string,
  body: (open: OpenPage) => void,
  args: string[] = [],
): void {
  describe(name, () => {
    const found = inject('chromium');
    if ('absent' in found) {
      it('needs a browser', (context) => context.skip(found.absent));
      return;
    }
    let browser: Browser;
    beforeAll(async () => {
      // A new profile for each run: a person's browser is neither used nor changed.
      browser = await chromium.launch({ executablePath: found.value, args });
    });
    afterAll(() => browser.close());
    afterEach(async () => {
      await Promise.all(browser.contexts().map((context) => context.close()));
    });
    body((url, options, prepare) => openPage(browser, url, options, prepare));
  });
}

async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare?: (page: Page) => Promise<void>,
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (message.text().startsWith('Failed to load resource: the server responded')) return;
    complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.protocol.startsWith('http') && asked.origin !== new URL(url).origin) {
      complaints.push(`asked ${asked.href}`);
    }
  });
  await prepare?.(page);
  await page.goto(url);
  return { page, complaints };
}

/** axe-core's findings of serious or critical impact, each with the element. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Through the debugger, to which the Content-Security-Policy does not apply.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Writes a picture of the page to `$BTFDEPOT_SCREENSHOTS`, if set. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.BTFDEPOT_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
