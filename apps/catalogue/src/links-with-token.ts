import { DEPOT } from './address.ts';
import { h } from './dom.ts';
import { failureNote } from './failure.ts';
import { saveAs } from './save-as.ts';

/**
 * Browsers send no token with a link: the page fetches the target from the depot, and then saves
 * it.
 */
export function sendTokenWithLinks(token: string): void {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('a');
    if (!link || !link.href.startsWith(`${DEPOT}v1/`)) return;
    event.preventDefault();
    save(link, token).catch((error: unknown) => {
      document.getElementById('content')?.prepend(h('div', {}, failureNote(error)));
    });
  });
}

async function save({ href, download }: HTMLAnchorElement, token: string): Promise<void> {
  const answer = await fetch(href, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${href}: HTTP ${answer.status}`);
  const { pathname, searchParams } = new URL(href);
  const name = decodeURIComponent(pathname.split('/').at(-1) ?? '');
  saveAs(await answer.blob(), download || `${name}.${searchParams.get('as') ?? 'bin'}`);
}
