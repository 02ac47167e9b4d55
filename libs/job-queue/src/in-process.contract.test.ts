import { describeJobQueue } from '@btf-depot/testing';
import { InProcessJobQueue } from './in-process.ts';

describeJobQueue('the queue in memory', (timing) => {
  const errors: Error[] = [];
  const queue = new InProcessJobQueue({ ...timing, onError: (error) => errors.push(error) });
  return Promise.resolve({ queue, errors, dispose: () => queue.close() });
});
