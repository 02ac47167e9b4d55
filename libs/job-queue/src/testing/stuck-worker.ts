// A worker process that begins a job and never ends it, for tests to kill. Arguments: the URL of
// Redis, the prefix, milliseconds of silence.
import { jobId } from '@btf-depot/contracts';
import { BullmqJobQueue } from '../bullmq.ts';

const [url = '', prefix = '', silenceMs] = process.argv.slice(2);
const say = (text: string) => process.stdout.write(`${text}\n`);
const onError = (error: Error) => say(error.message);
const queue = new BullmqJobQueue({ url, prefix, silenceMs: Number(silenceMs), onError });
queue.work((job, { crashes }) => {
  say(`${jobId(job)} starts after ${String(crashes)} crashes`);
  return new Promise(() => undefined);
});
