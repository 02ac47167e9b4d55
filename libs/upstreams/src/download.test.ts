import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UpstreamFault, type OfferedFile } from '@btf-depot/depot';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, test } from 'vitest';
import { download } from './download.ts';

const { signal } = new AbortController();
const bytes = randomBytes(100_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const folder = testFolder();

/** Cut at the places in `cuts`, one after the other. */
function offered(cuts: number[], resumes: boolean, content = bytes): OfferedFile {
  return {
    name: 'debuginfo',
    part: 'kernel',
    open(asked) {
      const start = resumes ? asked : 0;
      const cut = cuts.shift() ?? content.length;
      async function* parts(): AsyncGenerator<Uint8Array> {
        for (let at = start; at < cut; at += 7000) {
          yield await Promise.resolve(content.subarray(at, Math.min(at + 7000, cut)));
        }
        if (cut < content.length) throw new UpstreamFault({ reason: 'cut', detail: `at ${cut}` });
      }
      return Promise.resolve({ start, size: content.length, bytes: parts() });
    },
  };
}

const fetchInto = (file: OfferedFile) =>
  download(file, { path: join(folder, 'file'), signal, breaks: 3, pauseMs: 1 });

const tenths = Array.from({ length: 9 }, (_, index) => (index + 1) * 10_000);

test.each([true, false])(
  'a file that is cut at every tenth comes whole; resumes: %s',
  async (resumes) => {
    const found = await fetchInto(offered([...tenths], resumes));
    expect(found).toMatchObject({ size: 100_000, sha256 });
    expect((await readFile(join(folder, 'file'))).equals(bytes)).toBe(true);
    // Repeated bytes count, too.
    const sum = resumes ? 100_000 : 550_000;
    expect(found).toMatchObject({ received: sum });
  },
);

test('a file that is always cut at the same byte is given up, with the reason', async () => {
  const cuts = Array.from({ length: 20 }, () => 5000);
  expect(await fetchInto(offered(cuts, false))).toEqual({ reason: 'cut', detail: 'at 5000' });
  expect(cuts).toHaveLength(16);
});

test('a permanent miss is not retried', async () => {
  let tries = 0;
  const open = () => {
    tries++;
    return Promise.resolve({ reason: 'wrong-build-id', detail: '' } as const);
  };
  const found = await fetchInto({ name: 'x', part: 'kernel', open });
  expect([found, tries]).toEqual([{ reason: 'wrong-build-id', detail: '' }, 1]);
});

test('a file whose check fails is a miss', async () => {
  const check = () => Promise.resolve({ reason: 'bad-signature', detail: 'of no key' } as const);
  expect(await fetchInto({ ...offered([], true), check })).toMatchObject({
    reason: 'bad-signature',
  });
});
