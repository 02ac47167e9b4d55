import { kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { openRecord } from './open-record.ts';
import { answeredRecordSchema, encodeRecord, writtenRecord } from './record-codec.ts';
import { RECORD_SCHEMA, type KernelRecord } from './record.ts';

const blob = (digit: string) => ({ sha256: digit.repeat(64), size: 1 });
const { core } = kernelRecord();
const on = { types: 1, baseSha256: core.sha256 };
const parts = {
  vars: { ...blob('1'), ...on, variables: 1, origin: 'dwarf' },
  ksyms: { ...blob('2'), types: 1, variables: 1, leftOut: {}, layout: blob('3') },
  symbols: { ...blob('4'), origin: 'symtab' },
  inlines: { ...blob('5'), ...on, sites: 1, origin: 'dwarf', map: blob('6') },
} as const;
const record: KernelRecord = kernelRecord({ parts });
const { vars, ...beside } = parts;
const first = { ...record, ...beside, parts: undefined, schema: 1, extras: { vars } };

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const jsonOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as object;

test('a record of schema 1 has its parts where those of this one are', () => {
  expect(openRecord(bytesOf(first))).toEqual({ record });
  expect(answeredRecordSchema.parse(first)).toEqual(record);
});

test('what is written has the parts where readers of schema 1 look as well', () => {
  const written = jsonOf(encodeRecord(record));
  expect(written).toEqual({ ...first, schema: RECORD_SCHEMA, parts });
  expect(openRecord(encodeRecord(record))).toEqual({ record });
  expect(answeredRecordSchema.parse(writtenRecord(record))).toEqual(record);
});

test('the old fields of a newer record are not read, whatever an old process left there', () => {
  const written = { ...jsonOf(encodeRecord(record)), extras: { vars: 'other' }, ksyms: 1 };
  expect(openRecord(bytesOf(written))).toEqual({ record });
});

test('a part of a newer version is kept as it is, where readers of schema 1 do not look', () => {
  const later = { ...blob('7'), ...on, claimed: true as const, cellar: { bottles: 12 } };
  const more = kernelRecord({ parts: { later } });
  expect(openRecord(encodeRecord(more))).toEqual({ record: more });
  expect(jsonOf(encodeRecord(more))).toMatchObject({ extras: {}, parts: { later } });
  expect(openRecord(bytesOf({ ...more, parts: { later: { size: 1 } } }))).toMatchObject({
    record: { parts: {} },
    damage: [expect.stringContaining('parts.later.sha256')],
  });
});

test('a record of schema 1 without extras, or with parts that are malformed, is as one of this', () => {
  expect(openRecord(bytesOf({ ...first, extras: 3 })).record).toBeUndefined();
  const opened = openRecord(bytesOf({ ...first, ksyms: { ...parts.ksyms, variables: 'many' } }));
  expect(opened.record?.parts).toEqual({ ...parts, ksyms: undefined });
  expect(opened.record && opened.damage).toEqual([expect.stringMatching(/^parts\.ksyms\.var/)]);
});
