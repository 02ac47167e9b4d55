import { h } from './dom.ts';

/**
 * A button that puts text on the clipboard; `what` describes it for users who do not see its place.
 */
export function copyButton(text: string, what: string, label = 'Copy'): HTMLElement {
  const button = h(
    'button',
    { type: 'button', class: 'copy', 'aria-label': `${label}: ${what}` },
    label,
  );
  button.addEventListener('click', () => {
    void write(text).then(
      () => say('Copied'),
      () => say('Not copied'),
    );
  });
  const say = (outcome: string) => {
    button.textContent = outcome;
    announce(`${outcome}: ${what}`);
    setTimeout(() => (button.textContent = label), 1500);
  };
  return button;
}

/** A command line with a copy button. */
export function command(text: string, what: string): HTMLElement {
  return h(
    'div',
    { class: 'command' },
    h('pre', { tabindex: 0, 'aria-label': what }, h('code', {}, text)),
    copyButton(text, what),
  );
}

/** A hash or build ID, shortened to the width; copying gives all of it. */
export function hash(value: string, what: string): HTMLElement {
  return h('span', { class: 'hash' }, h('code', { title: value }, value), copyButton(value, what));
}

/** Pages without HTTPS lack the newer clipboard interface. */
async function write(text: string): Promise<void> {
  if (isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h('textarea', { class: 'offscreen', 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without HTTPS
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('the browser refused to copy');
}

/** Tells users of screen readers what changed, without moving them there. */
function announce(text: string): void {
  const live = document.getElementById('live');
  if (live) live.textContent = text;
}
