import { startNginxOf } from '@btf-depot/services';
import { describe } from 'vitest';
import { testOverExport } from './testing/exported-depot.ts';

describe('an export behind nginx:', () => {
  testOverExport(startNginxOf);
});
