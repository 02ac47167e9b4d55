// Runs in the browser, under client.browser.test.ts: the two exchange JSON.
import { DepotClient, ProblemError } from '@btf-depot/client';
import { decodePublicKey } from '@btf-depot/contracts';

const ONCE = { patience: { rounds: 1, pauseMs: 1 } };

/** An artifact by its hash, size and revision; or the code of the failure. */
export function get(url: string, buildId: string, name: string, key?: string): Promise<unknown> {
  const keys = key === undefined ? [] : [decodePublicKey(key)];
  return codeOf(async () => {
    const { bytes, manifest } = await new DepotClient(url, { ...ONCE, keys }).artifact(
      buildId,
      name,
    );
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { sha256, size: bytes.length, revision: manifest.revision };
  });
}

/** The names of all variables. */
export function names(url: string, buildId: string): Promise<unknown> {
  return codeOf(async () => {
    const found: string[] = [];
    for await (const { name } of new DepotClient(url, ONCE).variables(buildId)) found.push(name);
    return found;
  });
}

/** Sends text as a kernel. */
export function send(url: string, text: string): Promise<unknown> {
  return codeOf(() => new DepotClient(url, ONCE).upload({ kernel: new Blob([text]) }));
}

async function codeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}
