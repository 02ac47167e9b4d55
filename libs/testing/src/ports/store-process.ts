// The other process in the suites' races: opens the given store, reports that it is ready, waits
// for its task, runs it, and sends the result.
import { once } from 'node:events';
import { RecordConflict, type BlobStore, type RecordStore } from '@btf-depot/depot';
import { sha256Of, someBytes } from '../builders.ts';
import type { Elsewhere, Task, TaskResult } from './elsewhere.ts';

type Opener = (argument: unknown) => Promise<{ blobs: BlobStore; records: RecordStore }>;

const [{ elsewhere, task }] = (await once(process, 'message')) as [
  { elsewhere: Elsewhere; task: Task },
];
const module = (await import(elsewhere.module)) as Partial<Record<string, Opener>>;
const open = module[elsewhere.opener];
if (!open) throw new Error(`${elsewhere.module} has no ${elsewhere.opener}`);
const { blobs, records } = await open(elsewhere.argument);

const told = once(process, 'message');
process.send?.('ready');
await told;
process.send?.(await run());
process.disconnect();

async function run(): Promise<TaskResult> {
  const result: TaskResult = { created: [], conflicts: 0 };
  if (task.kind === 'put-blobs') {
    for (const seed of task.seeds) {
      const bytes = someBytes(task.size, seed);
      result.created.push((await blobs.put(sha256Of(bytes), bytes)).created);
    }
    return result;
  }
  for (let done = 0; done < task.times;) {
    if (await increment(task.buildId)) done++;
    else result.conflicts++;
  }
  return result;
}

async function increment(buildId: string): Promise<boolean> {
  const stored = await records.get(buildId);
  if (!stored) throw new Error('the record is gone');
  const { record, version } = stored;
  try {
    await records.put({ ...record, counter: Number(record.counter ?? 0) + 1 }, version);
    return true;
  } catch (error) {
    if (error instanceof RecordConflict) return false;
    throw error;
  }
}
