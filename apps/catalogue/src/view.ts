import type { Child } from './dom.ts';

/** What a place of the page shows. */
export interface View {
  /** Of the window. */
  title: string;
  children: readonly Child[];
}
