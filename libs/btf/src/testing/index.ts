// Builders and seeded generators for the tests of this library and of its users.
export { coreExt, type WantedRelocation } from './core-ext.ts';
export { fuzz, type FuzzOptions, type FuzzReport } from './fuzz.ts';
export { buildProgram, missingCompilers } from './compilers.ts';
export { everyKind, seededBtf } from './generate.ts';
export { mutate } from './mutate.ts';
export { Random } from './random.ts';
export { smallKernel } from './small-kernel.ts';
