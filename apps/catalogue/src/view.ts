import type { Child } from './dom.ts';

/** The content of a place of the page. */
export interface View {
  /** The window's title. */
  title: string;
  children: readonly Child[];
}
