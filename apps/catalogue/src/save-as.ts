import { h } from './dom.ts';

/** Saves bytes that are here already as a download of that name. */
export function saveAs(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  h('a', { href: url, download: name }).click();
  // The browser has taken the bytes over by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
