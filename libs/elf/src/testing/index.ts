// Builders for the tests of this library and of its users.
export {
  executable,
  type ExecutableInput,
  type ExecutableSection,
  type ExecutableSymbol,
} from './executable.ts';
