/** Before the tests of every file; what it imports runs once in each process. */
import './equal-bytes.ts';
import { fileURLToPath } from 'node:url';
import { dropSettings } from './own-settings.ts';

dropSettings(process.env);
// Processes that tests start, and their threads, would spend most of their time on the types in our
// sources: a file of processes takes a fourth of its time with a cache.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../../../node_modules/.cache/btf-depot/compiled', import.meta.url),
);
