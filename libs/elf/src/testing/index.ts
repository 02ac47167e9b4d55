// Builders for the tests of this library and of those that stand on it.
export {
  executable,
  type ExecutableInput,
  type ExecutableSection,
  type ExecutableSymbol,
} from './executable.ts';
