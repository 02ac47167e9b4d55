import { currentFields } from './record-codec.ts';
import { kernelRecordSchema, RECORD_SCHEMA, type KernelRecord } from './record.ts';

/** The meaning of stored bytes: a record, perhaps with malformed fields left out, or none. */
export type OpenedRecord =
  | {
      readonly record: KernelRecord;
      /** The fault of each field that is left out; absent: none is. */
      readonly damage?: readonly string[] | undefined;
    }
  | {
      readonly record?: undefined;
      readonly why: string;
      /** A newer version wrote it, and can read it. */
      readonly isNewer: boolean;
      /** Its revision, if readable. */
      readonly revision?: number | undefined;
      /** It says that the kernel is withdrawn. */
      readonly isWithdrawn?: boolean | undefined;
    };

/** Optional fields. */
const OPTIONAL: ReadonlySet<string> = new Set(
  Object.entries(kernelRecordSchema.shape)
    .filter(([, { type }]) => type === 'optional')
    .map(([field]) => field),
);

/** Fields that are maps: each of their entries is optional. */
const MAPS: ReadonlySet<string> = new Set(['parts', 'artifacts']);

/**
 * Opens the bytes of a record. A malformed optional field is left out and named: the kernel can be
 * served, withdrawn and sent again as any other. The schema is checked first, so that a record of a
 * newer version is never taken for a malformed one.
 */
export function openRecord(bytes: Uint8Array): OpenedRecord {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { why: `it is not JSON: ${String(error)}`, isNewer: false, ...saidIn(bytes) };
  }
  if (typeof json !== 'object' || json === null)
    return { why: 'it is not an object', isNewer: false };
  const fields = currentFields(json);
  const { schema, revision } = fields;
  const isNewer = typeof schema === 'number' && schema > RECORD_SCHEMA;
  const damage: string[] = [];
  for (;;) {
    const result = kernelRecordSchema.safeParse(fields);
    if (result.success) {
      return { record: result.data, damage: damage.length > 0 ? damage : undefined };
    }
    for (const { path, message } of result.error.issues) {
      const fault = `${path.join('.')}: ${message}`;
      if (isNewer || !leaveOut(fields, path)) {
        const isRevision = Number.isSafeInteger(revision) && (revision as number) > 0;
        return {
          why: fault,
          isNewer,
          revision: isRevision ? (revision as number) : undefined,
          isWithdrawn: fields.state === 'withdrawn',
        };
      }
      damage.push(fault);
    }
  }
}

/** What text that is not JSON any more still says. */
function saidIn(bytes: Uint8Array): { revision: number | undefined; isWithdrawn: boolean } {
  const text = new TextDecoder('latin1').decode(bytes);
  const [, revision] = /"revision":\s*(\d{1,9})\b/.exec(text) ?? [];
  return {
    revision: revision === undefined ? undefined : Number(revision),
    isWithdrawn: /"state":\s*"withdrawn"/.test(text),
  };
}

/** @returns false if the record is invalid without it. */
function leaveOut(fields: Record<string, unknown>, path: readonly PropertyKey[]): boolean {
  const [field, entry] = path.map(String);
  if (field === undefined) return false;
  if (MAPS.has(field) && entry !== undefined) {
    const map = fields[field] as Record<string, unknown>;
    fields[field] = Object.fromEntries(Object.entries(map).filter(([name]) => name !== entry));
    return true;
  }
  return OPTIONAL.has(field) && Reflect.deleteProperty(fields, field);
}
