/**
 * The data that parts of the depot and its clients exchange: the stored kernel record, the queue's
 * job, the bodies of HTTP answers. Schemas are zod's; every object keeps unknown fields, so that
 * processes of two versions can share a store.
 *
 * To add an extra: extras/. To add an artifact: CARRIERS (artifact.ts). To add a route: its line in
 * routes/. To add an error: PROBLEMS (problem.ts). To add a field of records: record/record.ts, as an
 * optional one, because processes of two versions read it. CONTRIBUTING.md has the rest of each.
 */
export * from './artifact.ts';
export * from './build-id.ts';
export { carrierReason } from './carrier-reasons.ts';
export * from './compressed-forms.ts';
export { encodedLeftOut } from './record/encoded-core.ts';
export * from './extras/index.ts';
export * from './answers/inline.ts';
export * from './job.ts';
export * from './record/ownership.ts';
export { openRecord, type OpenedRecord } from './record/open-record.ts';
export * from './parts.ts';
export * from './problem.ts';
export * from './answers/pull.ts';
export * from './record/record.ts';
export { answeredRecordSchema, encodeRecord, writtenRecord } from './record/record-codec.ts';
export * from './answers/search.ts';
export { currentSources, sourcesSinceReplace } from './record/sources.ts';
export * from './static-paths.ts';
export * from './answers/status.ts';
export * from './token.ts';
export * from './trust/keys.ts';
export * from './trust/manifest.ts';
export * from './trust/signify.ts';
export * from './answers/variable.ts';
export * from './answers/wanted.ts';
export { withoutUndefined, type Loose } from './without-undefined.ts';
