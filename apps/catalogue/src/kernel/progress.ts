import { ProblemError, type DepotClient } from '@btf-depot/client';
import { h } from '../dom.ts';

/** Milliseconds between two looks. */
const PAUSE = 1000;

const STAGES = {
  split: 'Splitting, units of DWARF done',
  compress: 'Making carriers, files done',
};

/** The depot's progress; when it is done, the page is rendered again. */
export function progressNote(client: DepotClient, buildId: string): HTMLElement {
  const words = h('span', {}, 'Not ready yet');
  const meter = h('progress', { max: 100, 'aria-label': 'Progress' });
  const look = async () => {
    const status = await client.status(buildId);
    if (status.state !== 'splitting' && status.state !== 'compressing' && !status.pull) {
      location.reload();
      return;
    }
    const { progress } = status;
    if (progress) {
      words.textContent = `${STAGES[progress.stage]}: ${progress.done} of ${progress.total || '?'}`;
      meter.value = progress.percent;
    }
    setTimeout(lookAgain, PAUSE);
  };
  const lookAgain = () => {
    look().catch((error: unknown) => {
      words.textContent =
        error instanceof ProblemError ? error.message : 'No progress report from the depot';
    });
  };
  lookAgain();
  return h('div', { class: 'note', role: 'status' }, words, meter);
}
