// Small DWARF, written by hand, for tests of whatever reads it.
export * from './build-dwarf.ts';
export * from './inlined-calls.ts';
export { mutate } from './mutate.ts';
