import { createHash } from 'node:crypto';
import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';

/** `size` bytes that look random; the same seed gives the same bytes. */
export function someBytes(size: number, seed: string): Uint8Array {
  if (size === 0) return new Uint8Array();
  const hash = createHash('shake256', { outputLength: size });
  return new Uint8Array(hash.update(seed).digest());
}

/** In lowercase hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A build ID of 20 bytes; the same seed gives the same one. */
export function buildIdOf(seed: string): string {
  return createHash('sha1').update(seed).digest('hex');
}

/** A valid record as after an upload without extras: `compressing`. */
export function kernelRecord(overrides: Partial<KernelRecord> = {}): KernelRecord {
  const core = someBytes(64, 'core');
  return {
    schema: RECORD_SCHEMA,
    buildId: buildIdOf('kernel'),
    revision: 1,
    state: 'compressing',
    arch: 'x86_64',
    bits: 64,
    endian: 'little',
    release: '6.12.0-test',
    delivery: 'builtin',
    core: { sha256: sha256Of(core), size: core.length, types: 1, origin: 'verbatim' },
    parts: {},
    artifacts: {},
    sources: [
      {
        sha256: sha256Of(someBytes(128, 'source')),
        size: 128,
        kind: 'elf',
        part: 'kernel',
        encoder: 'btf-depot test',
        at: '2026-01-01T00:00:00.000Z',
      },
    ],
    uploadedAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

/** All items of an asynchronous iterable. */
export async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
