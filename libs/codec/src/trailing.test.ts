import { FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import { COMPRESSIONS, decompress, type Compression, type DecompressOptions } from './index.ts';
import { sample, sampleContent } from './testing/samples.ts';

const content = sampleContent();
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

async function unpack(
  format: Compression,
  bytes: Uint8Array,
  options: Partial<DecompressOptions> & { piece?: number } = {},
): Promise<Uint8Array> {
  const { piece = 1000, ...others } = options;
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress(format, pieces(), { limit: 1e6, ...others })) {
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

const tree = Buffer.from('d00dfeed00000100'.padEnd(600, '0'), 'hex');
const BEHIND: Record<string, Uint8Array> = {
  'zeros to the end of a page': new Uint8Array(4095),
  'a zero': new Uint8Array(1),
  'a device tree': tree,
  'padding, then a device tree': joined(new Uint8Array(8), tree),
  'bytes that are nothing': Buffer.from('AVBf and so on'),
};

describe.each(COMPRESSIONS)('behind a stream of %s', (format) => {
  it.each(Object.entries(BEHIND))('%s is passed over where that is asked for', async (_, rest) => {
    const bytes = joined(sample(format), rest);
    for (const piece of [1, 1000, 1e6]) {
      let told = 0;
      const onTrailing = () => {
        told++;
      };
      expect(await unpack(format, bytes, { trailing: 'pass', onTrailing, piece })).toEqual(content);
      expect(told).toBe(1);
      expect(await unpack(format, bytes, { trailing: 'ignore', piece })).toEqual(content);
    }
  });

  it('unknown trailing bytes are refused by default', async () => {
    const bytes = joined(sample(format), Buffer.from('AVBf and so on'));
    await expect(unpack(format, bytes)).rejects.toThrow(FormatError);
  });

  it('an empty rest is not reported', async () => {
    const onTrailing = () => expect.fail('told');
    const bytes = sample(format);
    expect(await unpack(format, bytes, { trailing: 'pass', onTrailing })).toEqual(content);
  });
});

it.each(['gzip', 'xz', 'zstd', 'lz4', 'bzip2'] as const)(
  'another stream of %s is part of the first, padding behind it is not',
  async (format) => {
    const bytes = joined(sample(format), sample(format), new Uint8Array(100));
    const both = joined(content, content);
    for (const piece of [1, 1000, 1e6]) {
      expect(await unpack(format, bytes, { trailing: 'pass', piece })).toEqual(both);
    }
  },
);

it.each(['gzip', 'xz', 'zstd', 'bzip2'] as const)(
  'another stream of %s that is damaged is a fault, not padding',
  async (format) => {
    const second = sample(format).slice();
    second[second.length >> 1] = (second[second.length >> 1] ?? 0) ^ 0x55;
    const bytes = joined(sample(format), second);
    await expect(unpack(format, bytes, { trailing: 'pass' })).rejects.toThrow(FormatError);
  },
);

it('millions of empty members of gzip do not keep it busy', async () => {
  const empty = Buffer.from('1f8b08000000000000030300000000000000000000', 'hex').subarray(0, 20);
  const bytes = new Uint8Array(Buffer.alloc(20 * 17_000, empty));
  await expect(unpack('gzip', bytes, { trailing: 'pass', piece: 1e6 })).rejects.toMatchObject({
    code: 'gzip-limit',
  });
});
