import { describePullQueue } from '@btf-depot/testing';
import { InProcessPulls } from './in-process-pulls.ts';

describePullQueue('the queue in memory', (timing) => {
  const errors: Error[] = [];
  const queue = new InProcessPulls({ ...timing, onError: (error) => errors.push(error) });
  return Promise.resolve({ queue, errors, dispose: () => queue.close() });
});
