import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { prefixLines } from './prefix.ts';

it('puts the name before each line, also before a last one without an end', async () => {
  const from = new PassThrough();
  const to = new PassThrough();
  prefixLines(from, 'ingest', to);
  from.end('one\ntwo\r\nthree');
  await once(from, 'close');
  to.end();
  expect(await text(to)).toBe('ingest | one\ningest | two\ningest | three\n');
});
