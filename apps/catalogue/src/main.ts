/**
 * The catalogue page: search-view.ts finds kernels, kernel-view.ts shows one, with what is in
 * `kernel/`. Each place is an address of its own (address.ts), links and forms are the browser's,
 * and a view is made once for each. All data come through libs/client. To show more of a kernel,
 * add a section to kernel/overview.ts.
 */
import './without-eval.ts';
import { DepotClient } from '@btf-depot/client';
import { DEPOT, placeOf } from './address.ts';
import { shown } from './dom.ts';
import { kernelView } from './kernel-view.ts';
import { failureView } from './failure.ts';
import { searchView } from './search-view.ts';

const content = document.getElementById('content');
if (!content) throw new Error('the page has no content');

const place = placeOf(location.search);
const client = new DepotClient(DEPOT, { patience: { rounds: 2, pauseMs: 500 } });
const { kernel } = place;

content.setAttribute('aria-busy', 'true');
const view = await (
  kernel === undefined ? searchView(client, place) : kernelView(client, kernel, place)
).catch(failureView);
document.title = view.title;
content.replaceChildren(...shown(view.children));
content.removeAttribute('aria-busy');
