import { setTimeout as sleep } from 'node:timers/promises';
import { totalSize, type DepotClient, type UploadRequest } from '@btf-depot/client';
import type { ProgressBar } from '../../terminal/progress-bar.ts';
import type { PushOptions } from './push-options.ts';

/** Milliseconds between two looks at the depot's progress. */
const LOOK_MS = 200;

/**
 * Uploads with a bar for the sent bytes. After that, if the build ID is known here, it shows the
 * depot's progress in splitting, until the depot answers.
 */
export async function uploadWatched(
  client: DepotClient,
  request: UploadRequest,
  { progress, signal }: PushOptions,
  buildId: string | undefined,
): ReturnType<DepotClient['upload']> {
  const total = totalSize(request);
  const answered = new AbortController();
  let watching: Promise<void> | undefined;
  try {
    return await client.upload(request, {
      onProgress: (sent) => {
        if (sent < total) {
          progress?.show('send', sent, total);
          return;
        }
        progress?.busy('the depot looks into it');
        if (!progress || buildId === undefined) return;
        watching ??= watchSplit(client, buildId, progress, answered.signal);
      },
      signal,
    });
  } finally {
    answered.abort();
    await watching;
    progress?.stop();
  }
}

async function watchSplit(
  client: DepotClient,
  buildId: string,
  bar: ProgressBar,
  answered: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      await sleep(LOOK_MS, undefined, { signal: answered });
      const split = await client.splitProgress(buildId, answered);
      if (!split) continue;
      if (split.done < split.total) bar.show('split', split.done, split.total);
      else bar.busy('the depot checks and stores what it split');
    }
  } catch {
    // The upload's answer tells the end, and more about any fault.
  }
}
