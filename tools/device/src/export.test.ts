import { spawnSync } from 'node:child_process';
import { startPythonOf } from '@btf-depot/services';
import { describe, it } from 'vitest';
import { testOverExport } from './testing/exported-depot.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('an export behind python3 -m http.server, which knows no ranges:', () => {
  if (hasPython || process.env.CI === 'true') testOverExport(startPythonOf);
  else it.skip('needs python3');
});
