import type { Source } from '@btf-depot/bytes';
import type { Elf } from '@btf-depot/elf';
import { encodeFromDwarf } from '@btf-depot/extras';
import { DepotError } from '../errors.ts';
import { refusing } from '../input-errors.ts';
import { kernelVersionOf } from './carrier-facts.ts';
import { partsOf, type Origins, type Parts } from './core-and-variables.ts';
import type { OpenedKernel } from './open-kernel.ts';

/** The version of pahole whose rules choose the functions of an encoded core. */
const RULES = '1.30';

const NO_CORE =
  'the file has neither BTF nor debug information that core could be made from: send the vmlinux ' +
  'of its build, or its package with debug information';

const IN_ANOTHER_FILE =
  'the BTF of this kernel is in another file of its build: send that as the part full, or the ' +
  'kernel itself if this is its debug file';

/**
 * Core and variables from DWARF alone, for a kernel built without BTF.
 * @throws DepotError `no-core` for a file without DWARF, and for one whose build has BTF.
 */
export function encodedParts(
  { elf, release }: OpenedKernel,
  { dwarf, passes, onUnit }: Pick<Origins, 'dwarf' | 'passes' | 'onUnit'>,
): Parts {
  if (elf && hasOwnBtf(elf)) throw new DepotError('no-core', IN_ANOTHER_FILE);
  if (!dwarf) throw new DepotError('no-core', NO_CORE);
  return refusing('kernel', () => encode(dwarf, { release, passes, onUnit }));
}

/** Whether the build made BTF: in this file, in the image of a debug file, in a module. */
function hasOwnBtf(elf: Elf): boolean {
  return elf.sections.some(({ name }) => /^\.BTF((\.\w+)?\.link)?$/.test(name));
}

function encode(
  dwarf: Source,
  { release, passes, onUnit }: Pick<Origins, 'passes' | 'onUnit'> & Pick<OpenedKernel, 'release'>,
): Parts {
  const kernel = kernelVersionOf(release);
  const encoded = encodeFromDwarf(dwarf, { rules: RULES, kernel, beside: passes, onUnit });
  const { parts, coverage, variables, beside } = encoded;
  const { core, ...found } = partsOf(parts, { origin: 'dwarf', coverage: variables });
  return { ...found, core: { ...core, encoded: { rules: RULES, coverage } }, beside };
}
