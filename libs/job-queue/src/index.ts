/**
 * The depot's JobQueue: in memory (embedded mode) and on BullMQ. Both give a job up after the same
 * number of attempts, and both may lose everything: the records have the unfinished work. To add a
 * queue: implement the port, and run describeJobQueue of @btf-depot/testing in its tests.
 * Beside it, PullQueue: what is to be fetched from upstreams; its suite is describePullQueue.
 */
export { BULLMQ_DEFAULTS, type BullmqOptions } from './bullmq-options.ts';
export { BullmqJobQueue } from './bullmq.ts';
export { QueueUnavailable, UnfitQueue } from './errors.ts';
export { InProcessJobQueue } from './in-process.ts';
export { JOB_QUEUE_DEFAULTS, type JobQueueOptions } from './options.ts';
export { BullmqPulls, type BullmqPullOptions } from './pulls/bullmq-pulls.ts';
export { InProcessPulls } from './pulls/in-process-pulls.ts';
export { type MissTimes } from './pulls/misses.ts';
export { type PullQueueOptions } from './pulls/options.ts';
