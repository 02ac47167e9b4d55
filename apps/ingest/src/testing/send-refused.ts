import { expect } from 'vitest';
import { sendParts } from './send-parts.ts';
import type { startIngest } from './start-ingest.ts';

/** Sends an upload that must be refused, and checks that nothing of it stays. */
export async function sendRefused(
  ingest: Awaited<ReturnType<typeof startIngest>>,
  [parts, query]: readonly [parts: Readonly<Record<string, Uint8Array>>, query?: string],
  [status, code, detail = /./]: [status: number, code: string, detail?: RegExp],
): Promise<void> {
  const before = await ingest.left();
  const answer = await sendParts(ingest.url, parts, query);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.body.detail).toMatch(detail);
  expect(await ingest.left()).toEqual(before);
}
