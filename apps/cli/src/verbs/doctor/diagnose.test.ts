import { kernelRecord } from '@btf-depot/testing';
import type { KernelRecord } from '@btf-depot/contracts';
import { expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { System } from '../../running/running-system.ts';

const url = 'http://depot';
const blob = { sha256: 'a'.repeat(64), size: 1 };
const record = kernelRecord({
  state: 'ready',
  carrier: { loadable: true, moduleName: 'btf_vmlinux', signed: false },
  parts: {
    vars: {
      ...blob,
      types: 1,
      variables: 1,
      origin: 'dwarf',
      baseSha256: kernelRecord().core.sha256,
    },
  },
  artifacts: { 'btf_vmlinux_ksyms.ko': { ...blob, mediaType: 'application/octet-stream' } },
});
const system: System = {
  release: record.release,
  arch: record.arch,
  placed: undefined,
  lockdown: 'none',
  buildId: record.buildId,
  btf: { sha256: record.core.sha256, size: record.core.size },
  carriers: [],
  takesModules: true,
  enforcesSignatures: false,
  symbols: { data: true, addresses: true },
};
const outlooks = (of: Partial<System>, answer: Partial<KernelRecord> | string = {}) => {
  const depot =
    typeof answer === 'string' ? { url, error: answer } : { url, record: { ...record, ...answer } };
  const { ways, healthy } = diagnose({ ...system, ...of }, depot);
  const { ksyms, addresses, files, core } = ways;
  return { healthy, all: [ksyms, addresses, files, core].map(({ outlook }) => outlook), ...ways };
};

it('a stock kernel that the depot knows can have all', () => {
  const found = outlooks({});
  expect(found.all).toEqual(['possible', 'possible', 'possible', 'now']);
  expect(found.ksyms.next).toContain('--url http://depot --running btf_vmlinux_ksyms.ko');
  expect(found.healthy).toBe(true);
});

it('a loaded carrier works, unless the verifier finds no data', () => {
  const carriers = ['btf_vmlinux_ksyms'];
  expect(outlooks({ carriers }).ksyms.outlook).toBe('now');
  const without = outlooks({ carriers, symbols: { data: false, addresses: true } });
  expect(without.ksyms).toMatchObject({
    outlook: 'no',
    why: [expect.stringContaining('KALLSYMS_ALL')],
  });
});

it.each<[string, Partial<System>, Partial<KernelRecord>, RegExp]>([
  ['no modules', { takesModules: false }, {}, /loads no modules/],
  ['signatures enforced', { enforcesSignatures: true }, {}, /only signed modules/],
  ['no BTF of its own', { btf: undefined }, {}, /no BTF for the variables to refer to/],
  [
    'another BTF',
    { btf: { sha256: 'b'.repeat(64), size: 1 } },
    {},
    /differs from the depot's core/,
  ],
  [
    'a carrier for files',
    {},
    { carrier: { loadable: false, why: 'no-crc', moduleName: '', signed: false } },
    /checks symbol versions, .*; send one of its modules/,
  ],
  ['no carrier', {}, { artifacts: {} }, /no carrier/],
])('with %s nothing may be loaded, and the reason is given', (_, of, answer, why) => {
  const { ksyms, addresses, healthy } = outlooks(of, answer);
  expect([ksyms.outlook, ksyms.why.join()]).toEqual(['no', expect.stringMatching(why)]);
  expect([addresses.outlook, healthy]).toEqual(['possible', true]);
});

it('a signed carrier is for kernels that want one', () => {
  const carrier = { loadable: true, moduleName: 'btf_vmlinux', signed: true };
  expect(outlooks({ enforcesSignatures: true }, { carrier }).ksyms.outlook).toBe('possible');
});

it('a kernel that was sent without variables has none by address or in a file', () => {
  const { addresses, files, healthy } = outlooks({}, { parts: {}, artifacts: {} });
  const why = [expect.stringContaining('the depot has no variables of it; push') as unknown];
  expect([addresses.why, files.why, healthy]).toEqual([why, why, false]);
});

it('addresses that kallsyms hides are found elsewhere, with the place', () => {
  const { addresses } = outlooks({ symbols: { data: true, addresses: false } });
  expect([addresses.outlook, addresses.why.join()]).toEqual([
    'possible',
    expect.stringMatching(/kcore.*BPF/),
  ]);
});

it('for another system no next step is for the kernel that runs here', () => {
  const { ways } = diagnose({ ...system, btf: undefined }, { url, record }, { isHere: false });
  const steps = Object.values(ways).flatMap(({ next }) => next ?? []);
  expect(steps.length).toBeGreaterThan(0);
  for (const step of steps) {
    expect(step).not.toContain('--running');
    expect(step).toContain(record.buildId);
  }
});

it('a kernel without BTF gets core as a file, where the depot has it so', () => {
  expect(outlooks({ btf: undefined }, { delivery: 'module' }).core.outlook).toBe('possible');
  expect(outlooks({ btf: undefined }).core.outlook).toBe('no');
  expect(outlooks({ btf: undefined, placed: '/boot/vmlinux-6' }).core.outlook).toBe('now');
});

it('core made of debug information is offered as a file, not as a module', () => {
  const core = { ...record.core, encoded: { rules: '1.30' } };
  const found = outlooks({ btf: undefined }, { delivery: 'module', core }).core;
  expect([found.outlook, found.why.join()]).toEqual([
    'possible',
    expect.stringMatching(/built without BTF.*no module to load/),
  ]);
  expect(found.next).toContain('btf_vmlinux.ko -o /lib/modules/');
});

it('without a depot, or a build ID, nothing can be had', () => {
  for (const found of [outlooks({}, 'refused'), outlooks({ buildId: undefined })]) {
    expect(found.all).toEqual(['no', 'no', 'no', 'now']);
    expect(found.healthy).toBe(false);
  }
});

it('says what state the depot has it in', () => {
  expect(outlooks({}, { state: 'withdrawn' }).files.why).toEqual([
    'its state in the depot is withdrawn',
  ]);
});
