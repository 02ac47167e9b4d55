import { bytesSource } from '@btf-depot/bytes';
import { buildIdOf, kernelBtf, kernelFile, loadableKernel } from '@btf-depot/testing';
import { describe, expect, it } from 'vitest';
import { kernelPieces } from './kernel-pieces.ts';
import { splitKernel } from './split-kernel.ts';

const buildId = buildIdOf('pieces');
const options = { extras: ['vars'] } as const;

function check(kernel: Uint8Array, full?: Uint8Array) {
  const input = { kernel: bytesSource(kernel), full: full && bytesSource(full) };
  const whole = splitKernel(input, options);
  const pieces = kernelPieces(input, options);
  const there = splitKernel(
    {
      kernel: bytesSource(pieces.kernel),
      full: pieces.full && bytesSource(pieces.full),
    },
    options,
  );
  expect(there).toEqual(whole);
  return pieces;
}

describe('the pieces of a kernel give what the kernel gives', () => {
  it('with BTF inside and variables beside it', () => {
    const { vmlinux, full } = loadableKernel(buildId);
    const { parts } = check(vmlinux, full);
    expect(parts).toMatchObject({ delivery: 'builtin', carrier: { loadable: true } });
    expect(parts.ksyms?.variables).toBeGreaterThan(0);
  });

  it('with BTF inside and nothing else', () => {
    const kernel = kernelFile({ buildId, ballast: 1_000_000 });
    const pieces = check(kernel);
    expect(pieces.full).toBeUndefined();
  });

  it('without BTF inside', () => {
    const kernel = kernelFile({ buildId, btf: undefined });
    expect(check(kernel, kernelBtf({ globals: true })).parts).toMatchObject({
      delivery: 'module',
      vars: { origin: 'partition' },
    });
    expect(check(kernel, kernelBtf()).parts.vars).toBeUndefined();
  });
});

it('a kernel without BTF and without BTF beside it is refused as everywhere', () => {
  const kernel = bytesSource(kernelFile({ buildId, btf: undefined }));
  expect(() => kernelPieces({ kernel }, options)).toThrow('neither BTF nor debug information');
});
