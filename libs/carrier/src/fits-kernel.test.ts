import { Machine, SectionFlag } from '@btf-depot/elf';
import { expect, it } from 'vitest';
import { carrier, judgeCarrier, misfit, readCarrier, type RunningKernel } from './index.ts';
import { withSection } from './testing/index.ts';

const buildId = '7f76f39f';
const baseSha256 = 'ab'.repeat(32);
const load = { vermagic: '6.12 SMP ', structModule: { size: 1280, nameOffset: 24 } };
const target = { class: 64, endian: 'little', machine: Machine.X86_64 } as const;
const input = { target, buildId, baseSha256, extras: [] };
const read = (module: Uint8Array) => ({
  ...readCarrier(module),
  judgement: judgeCarrier(module),
});
const ours = read(carrier({ ...input, load }));
const here: RunningKernel = { buildId, btfSha256: baseSha256 };

it.each<[string, RunningKernel, string | undefined]>([
  ['the kernel that it was made for', here, undefined],
  ['one that shows only its build ID', { buildId }, undefined],
  ['one that shows only its BTF', { btfSha256: baseSha256 }, undefined],
  ['one that shows neither', {}, 'unknown-kernel'],
  ['another build', { ...here, buildId: '00' }, 'other-build-id'],
  ['another BTF', { ...here, btfSha256: '00'.repeat(32) }, 'other-base'],
  ['one that wants signatures', { ...here, enforcesSignatures: true }, 'not-signed'],
])('a carrier and %s', (_, running, why) => {
  expect(misfit(ours, running)).toBe(why);
});

it('a signed one fits a kernel that wants signatures; the kernel decides about the key', () => {
  expect(misfit({ ...ours, signed: true }, { ...here, enforcesSignatures: true })).toBeUndefined();
});

it("a container and somebody else's module must not be loaded", () => {
  expect(misfit(read(carrier(input)), here)).toBe('container');
  const { header, modinfo, sections, loadable, signed, judgement } = ours;
  expect(misfit({ header, modinfo, sections, loadable, signed, judgement }, here)).toBe(
    'no-carrier',
  );
});

it('one with more than BTF must not be loaded, whatever kernel it claims', () => {
  const code = withSection(carrier({ ...input, load }), {
    name: '.init.text',
    flags: SectionFlag.ALLOC | SectionFlag.EXECINSTR,
    bytes: Uint8Array.of(0xc3),
  });
  expect(misfit(read(code), here)).toBe('unsafe');
});
