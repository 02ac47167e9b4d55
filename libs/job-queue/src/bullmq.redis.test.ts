import { randomUUID } from 'node:crypto';
import { describeWithServices } from '@btf-depot/services/testing';
import { describeJobQueue } from '@btf-depot/testing';
import { BullmqJobQueue } from './bullmq.ts';

describeWithServices(['redis'], 'BullMQ on a real Redis', ({ redis }) => {
  describeJobQueue('BullMQ', (timing) => {
    const errors: Error[] = [];
    const queue = new BullmqJobQueue({
      ...timing,
      url: redis.url,
      prefix: randomUUID(),
      onError: (error) => errors.push(error),
    });
    return Promise.resolve({ queue, errors, dispose: () => queue.close() });
  });
});
