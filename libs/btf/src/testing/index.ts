// Builders and seeded generators for the tests of this library and of those that stand on it.
export { everyKind, seededBtf } from './generate.ts';
export { Random } from './random.ts';
