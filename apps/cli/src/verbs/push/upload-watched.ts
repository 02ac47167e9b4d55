import { setTimeout as sleep } from 'node:timers/promises';
import { totalSize, type DepotClient, type UploadRequest } from '@btf-depot/client';
import type { ProgressBar } from '../../terminal/progress-bar.ts';
import type { PushOptions } from './push-options.ts';

/** Between two looks at how far the depot is with splitting. */
const LOOK_MS = 200;

/**
 * Uploads, with a bar for what is sent; from then on until the depot answers, its status says how
 * far it is with splitting, where the build ID is known here.
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
    // Its end is the upload's answer; that also says more of any fault.
  }
}
