/**
 * The data that parts of the depot and its clients exchange: the stored kernel record, the queue's
 * job, the bodies of HTTP answers. Schemas are zod's; every object keeps unknown fields, so that
 * processes of two versions can share a store.
 */
export * from './artifact.ts';
export * from './build-id.ts';
export { carrierReason } from './carrier-reasons.ts';
export * from './compressed-forms.ts';
export { encodedLeftOut } from './encoded-core.ts';
export * from './extras/index.ts';
export * from './inline.ts';
export * from './job.ts';
export * from './ownership.ts';
export { openRecord, type OpenedRecord } from './open-record.ts';
export * from './parts.ts';
export * from './problem.ts';
export * from './pull.ts';
export * from './record.ts';
export { answeredRecordSchema, encodeRecord, writtenRecord } from './record-codec.ts';
export * from './search.ts';
export { currentSources, sourcesSinceReplace } from './sources.ts';
export * from './static-paths.ts';
export * from './status.ts';
export * from './token.ts';
export * from './trust/keys.ts';
export * from './trust/manifest.ts';
export * from './trust/signify.ts';
export * from './variable.ts';
export * from './wanted.ts';
export { withoutUndefined, type Loose } from './without-undefined.ts';
