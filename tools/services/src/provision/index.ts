// Provides needs of tests and benches from outside the tree: fetched or built once, kept in a
// cache. To add a program from Debian, describe it as a DebianProgram and call provideProgram.
export { Absent, provided, type Provided } from './absent.ts';
export { cacheFolder } from './cache-folder.ts';
export { cached, cachedAt, isCached } from './cache.ts';
export { attempt, CommandError, run } from './command.ts';
export { canRun, inPath } from './in-path.ts';
export { withLock } from './lock.ts';
export { lookUp, withPackages, type Package } from './packages.ts';
export {
  hasProgram,
  programCommand,
  programFiles,
  provideProgram,
  type CommandLine,
  type DebianProgram,
} from './program.ts';
export { providePythonProgram, type PythonProgram } from './python-program.ts';
export { humanBytes, say } from './say.ts';
export { debianSuite, machineArchitecture, type Suite } from './suite.ts';
export { unpack, unpackSome } from './unpack.ts';
