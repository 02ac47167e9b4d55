import { describe, expect, it } from 'vitest';
import { bytesSource, chunksOf, StreamReader } from './index.ts';

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);

function readerOf(chunk: number): StreamReader {
  return new StreamReader(chunksOf(bytesSource(bytes), { chunk }), { section: 'part' });
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

describe.each([1, 7, 64, 100])('a stream that comes in pieces of %i bytes', (chunk) => {
  it('is read, skipped, and taken in order', async () => {
    const reader = readerOf(chunk);
    expect([...(await reader.read(10))]).toEqual([...bytes.subarray(0, 10)]);
    await reader.skip(20);
    expect(reader.position).toBe(30);
    expect(await joined(reader.take(30))).toEqual([...bytes.subarray(30, 60)]);
    expect(await reader.fill(5)).toBe(true);
    expect(reader.held()[4]).toBe(64);
    expect(await joined(reader.rest())).toEqual([...bytes.subarray(60)]);
    expect(await reader.isAtEnd()).toBe(true);
  });

  it('takes back what is to be read again', async () => {
    const reader = readerOf(chunk);
    const first = (await reader.read(30)).slice();
    reader.unread(first.subarray(10));
    expect(reader.position).toBe(10);
    expect(await joined(reader.rest())).toEqual([...bytes.subarray(10)]);
    reader.unread(new Uint8Array());
    expect(await reader.isAtEnd()).toBe(true);
  });

  it('says where it ends too early', async () => {
    const reader = readerOf(chunk);
    await reader.skip(95);
    expect(await reader.fill(6)).toBe(false);
    const fault = { code: 'truncated', where: { section: 'part', offset: 95 } };
    await expect(reader.read(6)).rejects.toMatchObject(fault);
    await expect(reader.skip(6)).rejects.toMatchObject({ code: 'truncated' });
  });
});

it('tells the giver when no more is wanted', async () => {
  let told = false;
  function* giver(): Generator<Uint8Array> {
    try {
      for (;;) yield bytes;
    } finally {
      told = true;
    }
  }
  const reader = new StreamReader(giver());
  await reader.read(250);
  await reader.close();
  expect(told).toBe(true);
  expect(await reader.fill(1000)).toBe(false);
});
