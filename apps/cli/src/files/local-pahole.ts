import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DepotError } from '@btf-depot/depot';
import { readElf } from '@btf-depot/elf';
import { openFileSource } from '@btf-depot/compute';

const run = promisify(execFile);

/** What scripts/Makefile.btf of Linux 6.12 asks for, and variables; a pahole passes over what it does not know. */
const FEATURES = [
  ...['encode_force', 'var', 'float', 'enum64', 'decl_tag', 'type_tag'],
  ...['optimized_func', 'consistent_func', 'decl_tag_kfuncs', 'global_var'],
];

/** Knows --lang_exclude and --btf_encode_detached; variables are taken from DWARF where it writes none. */
const OLDEST = [1, 24] as const;

const HOW =
  'install pahole (1.24 or newer), or have the build write it with ' +
  '`pahole -J --btf_features=encode_force,var,float,enum64,decl_tag,type_tag,global_var ' +
  '--btf_encode_detached=full.btf vmlinux` and send it with --full full.btf';

/**
 * Has this machine's pahole encode the BTF of a kernel that has none from its debug information.
 * @param output path of the raw BTF.
 * @returns the pahole's version, `1.30`.
 * @throws DepotError `no-btf` that says what to do where it cannot.
 */
export async function encodeBtf(vmlinux: string, output: string): Promise<string> {
  if (!hasDebugInformation(vmlinux)) {
    throw cannot(
      'nor debug information that it could be made from: name the vmlinux that has it, or its full BTF with --full',
    );
  }
  const [major, minor] = await versionOf();
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw cannot(`and pahole here is ${major}.${minor}: ${HOW}`);
  }
  const hasFeatures = major > 1 || minor >= 26;
  const what = hasFeatures ? `--btf_features=${FEATURES.join(',')}` : '--btf_gen_floats';
  const args = ['-J', '--lang_exclude=rust', what, `--btf_encode_detached=${output}`];
  try {
    await run('pahole', [...args, vmlinux]);
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const [said = String(error)] = stderr.trim().split('\n').slice(-1);
    throw cannot(`and pahole ${major}.${minor} failed: ${said}`);
  }
  return `${major}.${minor}`;
}

function hasDebugInformation(path: string): boolean {
  using file = openFileSource(path);
  const elf = readElf(file);
  return (elf.section('.debug_info') ?? elf.section('.zdebug_info')) !== undefined;
}

async function versionOf(): Promise<[major: number, minor: number]> {
  const { stdout } = await run('pahole', ['--version']).catch(() => ({ stdout: '' }));
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (major === undefined || minor === undefined) throw cannot(`and there is no pahole: ${HOW}`);
  return [Number(major), Number(minor)];
}

function cannot(why: string): DepotError {
  return new DepotError('no-btf', `the kernel has no BTF, ${why}`);
}
