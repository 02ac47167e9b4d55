import { programCommand, provideProgram, type CommandLine } from './provision/index.ts';

const prometheus = { name: 'prometheus', suite: 'bookworm', packages: ['prometheus'] } as const;

/** Debian's promtool, which checks and tests rules of Prometheus, in the cache. Throws Absent. */
export async function promtoolCommand(): Promise<CommandLine> {
  await provideProgram(prometheus);
  return programCommand(prometheus, 'usr/bin/promtool');
}
