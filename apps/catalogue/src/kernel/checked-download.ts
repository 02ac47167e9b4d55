import type { DepotClient } from '@btf-depot/client';
import { h } from '../dom.ts';
import { saveAs } from '../save-as.ts';
import { trustedClient } from './trusted-client.ts';

/**
 * A button that downloads an artifact, checks it against the signed manifest, and only then saves
 * it. Nothing checks the browser's own downloads.
 */
export function checkedDownload(client: DepotClient, buildId: string, name: string): HTMLElement {
  const label = 'Download and check';
  const button = h('button', { type: 'button', 'aria-label': `${label}: ${name}` }, label);
  const outcome = h('span', { class: 'outcome', role: 'status' });
  const download = async () => {
    const { trusted } = await trustedClient(client);
    const { bytes } = await trusted.artifact(buildId, name);
    saveAs(new Blob([bytes]), name);
  };
  button.addEventListener('click', () => {
    button.disabled = true;
    outcome.textContent = '…';
    download()
      .then(
        () => say('✓', 'good'),
        (error: unknown) => say(error instanceof Error ? error.message : String(error), 'bad'),
      )
      .finally(() => (button.disabled = false));
  });
  const say = (text: string, how: string) => {
    outcome.textContent = text;
    outcome.className = `outcome ${how}`;
  };
  return h('span', { class: 'checked' }, button, outcome);
}
