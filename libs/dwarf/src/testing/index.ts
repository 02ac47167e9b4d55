// Small hand-written DWARF for tests.
export * from './build-dwarf.ts';
export * from './inlined-calls.ts';
export { mutate } from './mutate.ts';
