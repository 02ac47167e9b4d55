/**
 * The catalogue page: search-view.ts finds kernels, kernel-view.ts shows one with the parts in
 * `kernel/`. Each place has its own address (address.ts), links and forms are the browser's, and
 * each visit makes the view once. All data come through libs/client. If only token holders may read
 * the depot, anyone still gets the page, and token.ts asks for a token. To show more of a kernel,
 * add a section to kernel/overview.ts.
 */
import './without-eval.ts';
import { DepotClient, ProblemError } from '@btf-depot/client';
import { DEPOT, placeOf } from './address.ts';
import { h, shown } from './dom.ts';
import { kernelView } from './kernel-view.ts';
import { failureView } from './failure.ts';
import { sendTokenWithLinks } from './links-with-token.ts';
import { searchView } from './search-view.ts';
import { forgetToken, keptToken, tokenView } from './token.ts';
import type { View } from './view.ts';

const content = document.getElementById('content');
if (!content) throw new Error('the page has no content');

const place = placeOf(location.search);
const token = keptToken();
const patience = { rounds: 2, pauseMs: 500 };
const client = new DepotClient(DEPOT, { patience, token });
const { kernel } = place;

content.setAttribute('aria-busy', 'true');
const view = await (
  kernel === undefined ? searchView(client, place) : kernelView(client, kernel, place)
).catch(refusedOrFailed);
document.title = view.title;
content.replaceChildren(...shown(view.children));
content.removeAttribute('aria-busy');

if (token !== undefined) {
  sendTokenWithLinks(token);
  const forget = h('button', { type: 'button' }, 'Forget the token');
  forget.addEventListener('click', forgetToken);
  document.querySelector('header nav')?.append(forget);
}

function refusedOrFailed(error: unknown): View {
  const isRefused = error instanceof ProblemError && [401, 403].includes(error.status);
  return isRefused ? tokenView(error, token) : failureView(error);
}
