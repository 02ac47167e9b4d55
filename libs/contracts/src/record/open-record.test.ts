import { kernelRecord } from '@btf-depot/testing';
import { describe, expect, it } from 'vitest';
import { openRecord } from './open-record.ts';
import { encodeRecord } from './record-codec.ts';

const record = kernelRecord();
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('a record that is malformed', () => {
  it('is opened unchanged if it is not', () => {
    expect(openRecord(encodeRecord(record))).toEqual({ record, damage: undefined });
  });

  it('is opened without a malformed optional field, which is named', () => {
    const carrier = {
      loadable: true,
      moduleName: 'btf_vmlinux',
      signed: false,
      load: { vermagic: 1 },
    };
    const opened = openRecord(bytesOf({ ...record, carrier, readyAt: 'yesterday' }));
    expect(opened.record).toMatchObject({ buildId: record.buildId, core: record.core });
    expect(opened.record).not.toHaveProperty('carrier');
    expect(opened.record).not.toHaveProperty('readyAt');
    const faults = opened.record && opened.damage;
    expect(faults?.join(' ')).toMatch(/carrier\.load.*readyAt/);
  });

  it('is opened without an entry of a map that is malformed, and with the others', () => {
    const artifacts = { ...record.artifacts, manifest: { sha256: 'x' } };
    const opened = openRecord(bytesOf({ ...record, artifacts }));
    expect(opened.record?.artifacts).toEqual(record.artifacts);
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['no object', Buffer.from('3')],
    ['no core', bytesOf({ ...record, core: undefined })],
    ['another state', bytesOf({ ...record, state: 'lost' })],
    ['artifacts that are no map', bytesOf({ ...record, artifacts: 3 })],
  ])('is none with %s', (_, bytes) => {
    expect(openRecord(bytes).record).toBeUndefined();
    expect(openRecord(bytes)).toMatchObject({ isNewer: false });
  });

  it('still has its revision, which its replacement exceeds', () => {
    const opened = openRecord(bytesOf({ ...record, revision: 7, state: 'lost' }));
    expect(opened).toMatchObject({ revision: 7 });
  });

  it('counts as newer if it says so, and nothing of it is left out', () => {
    const newer = { ...record, schema: 99, carrier: 'elsewhere' };
    expect(openRecord(bytesOf(newer))).toMatchObject({ isNewer: true });
  });
});

it('is not written: a record that no version could read is refused first', () => {
  const nameOffset = -1;
  const load = { vermagic: '6.12', structModule: { size: 1344, nameOffset } };
  const carrier = { loadable: true, moduleName: 'btf_vmlinux', signed: false, load };
  expect(() => encodeRecord({ ...record, carrier })).toThrow('nameOffset');
});

it('text that is not JSON any more still says its revision, and that it was withdrawn', () => {
  const text = JSON.stringify({ ...record, revision: 12, state: 'withdrawn' });
  const cut = openRecord(Buffer.from(text.slice(0, -1)));
  expect(cut).toMatchObject({ revision: 12, isWithdrawn: true });
  expect(openRecord(Buffer.from('no such thing'))).toMatchObject({ isWithdrawn: false });
});
