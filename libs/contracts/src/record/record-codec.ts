import { z } from 'zod';
import { kernelRecordSchema, RECORD_SCHEMA, type KernelRecord } from './record.ts';

/**
 * The only file that knows how this and earlier versions write records. Up to schema 1 a record had
 * its parts in `extras` and in separate fields; schema 2 has them in `parts`. For one release the
 * old fields are written too, for processes and clients of schema 1, and never read.
 */
const BESIDE_EXTRAS = ['ksyms', 'symbols', 'layout', 'inlines'] as const;

const OLD_FIELDS: ReadonlySet<string> = new Set(['extras', ...BESIDE_EXTRAS]);

/** Places of the parts in schema 1; newer parts had none. */
export function oldFields<Part>(parts: Readonly<Record<string, Part>>): {
  extras: Record<string, Part>;
  [Name: string]: Part | Record<string, Part>;
} {
  const extras = parts.vars === undefined ? {} : { vars: parts.vars };
  const beside = BESIDE_EXTRAS.filter((name) => parts[name] !== undefined);
  return { extras, ...Object.fromEntries(beside.map((name) => [name, parts[name]])) };
}

/** The record as it is stored and answered. */
export function writtenRecord(record: KernelRecord): object {
  return { ...record, ...oldFields(record.parts) };
}

/**
 * Bytes of a stored record: JSON, with fields that this version does not know.
 * @throws ZodError for one that `openRecord` would refuse: an unreadable record is never written.
 */
export function encodeRecord(record: KernelRecord): Uint8Array {
  kernelRecordSchema.parse(record);
  return new TextEncoder().encode(`${JSON.stringify(writtenRecord(record), null, 1)}\n`);
}

/** The fields of a written record in this version's form, whatever its schema. */
export function currentFields(written: object): Record<string, unknown> {
  const all: Record<string, unknown> = { ...written };
  const kept = Object.fromEntries(Object.entries(all).filter(([name]) => !OLD_FIELDS.has(name)));
  const { schema, extras } = all;
  if (schema !== 1 || typeof extras !== 'object' || extras === null) return kept;
  const beside = BESIDE_EXTRAS.filter((name) => all[name] !== undefined);
  const parts = { ...extras, ...Object.fromEntries(beside.map((name) => [name, all[name]])) };
  return { ...kept, schema: RECORD_SCHEMA, parts };
}

/** Parses a record in the answer of a depot of this or an earlier version. */
export const answeredRecordSchema = z
  .looseObject({})
  .transform(currentFields)
  .pipe(kernelRecordSchema);
