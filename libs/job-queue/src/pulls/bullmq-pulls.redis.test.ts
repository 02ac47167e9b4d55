import { randomUUID } from 'node:crypto';
import { describeWithServices } from '@btf-depot/services/testing';
import { describePullQueue } from '@btf-depot/testing';
import { BullmqPulls } from './bullmq-pulls.ts';

describeWithServices(['redis'], 'Pulls on a real Redis', ({ redis }) => {
  describePullQueue('BullMQ', (timing) => {
    const errors: Error[] = [];
    const queue = new BullmqPulls({
      ...timing,
      url: redis.url,
      prefix: randomUUID(),
      onError: (error) => errors.push(error),
    });
    return Promise.resolve({ queue, errors, dispose: () => queue.close() });
  });
});
