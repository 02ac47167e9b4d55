import { bytesSource, FormatError } from '@btf-depot/bytes';
import { readElf, type Elf } from '@btf-depot/elf';
import type { LoadFacts } from '../load-facts.ts';
import { readModinfo } from '../modinfo.ts';
import { withoutSignature } from '../sign-module.ts';
import type { StructModule } from '../struct-module.ts';
import { checkEmptyModule } from './empty-module.ts';
import { checkFileLayout } from './file-layout.ts';
import { checkWrittenHere } from './written-here.ts';

/** A verdict on a module, by what it could do to a kernel that loads it. Plain data. */
export type Judgement =
  /** Our writer's output for its BTF: it has no code and does nothing. */
  | {
      readonly as: 'carrier';
      /** Version of the writer. */
      readonly writer: number;
      /** Its statements that make a kernel load it; absent: it is a container. */
      readonly load?: Pick<LoadFacts, 'structModule' | 'layoutCrc'> | undefined;
    }
  /** The build's output for an empty C file, with BTF added: it does nothing either. */
  | {
      readonly as: 'empty-module';
      readonly load: Pick<LoadFacts, 'structModule' | 'layoutCrc'>;
    }
  | { readonly as: 'refused'; readonly code: string; readonly why: string };

export interface JudgeOptions {
  /**
   * Where the module's kernel has a module's name (`structModule`). The name is data that the
   * uploader chooses: at another offset the kernel would take its bytes for a function pointer. By
   * default Linux's offset since 2.6; for a kernel that shuffles its structures it must be given.
   */
  readonly structModule?: StructModule | undefined;
}

/**
 * Whether a module, signed or not, is safe for a kernel although its maker is not trusted. A list
 * of dangerous things would be out of date with the next kernel. Accepted are only the
 * byte-for-byte output of our writer, and modules with only sections and contents that are known to
 * be harmless. Never throws for damaged bytes: it refuses, with a stable code and the section.
 */
export function judgeCarrier(module: Uint8Array, options: JudgeOptions = {}): Judgement {
  try {
    const bytes = withoutSignature(module);
    const elf = readElf(bytesSource(bytes));
    checkFileLayout(elf, bytes);
    const judgement: Judgement & { as: 'carrier' | 'empty-module' } = isOurs(elf)
      ? { as: 'carrier', ...checkWrittenHere(elf, bytes) }
      : { as: 'empty-module', load: checkEmptyModule(elf) };
    if (judgement.load) checkNamePlace(elf, judgement.load.structModule, options);
    return judgement;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { as: 'refused', code: error.code, why: error.message };
  }
}

/** Ours state their kernel; that only decides by which rules a module is refused. */
function isOurs(elf: Elf): boolean {
  return fieldsOf(elf).some(({ key }) => key === 'build_id');
}

function checkNamePlace(elf: Elf, found: StructModule, { structModule }: JudgeOptions): void {
  const fault = (what: string) =>
    new FormatError('carrier-struct-module', what, { section: '.gnu.linkonce.this_module' });
  const vermagic = fieldsOf(elf).find(({ key }) => key === 'vermagic')?.value ?? '';
  if (!structModule && vermagic.includes('RANDSTRUCT_')) {
    throw fault('the structures of its kernel are shuffled: nothing shows where a name belongs');
  }
  const nameOffset = structModule?.nameOffset ?? (elf.class === 64 ? 24 : 12);
  if (found.nameOffset !== nameOffset) {
    throw fault(
      `its name is at ${found.nameOffset}, that of its kernel's modules at ${nameOffset}`,
    );
  }
  if (structModule && structModule.size !== found.size) {
    throw fault(`it has ${found.size} bytes, that of its kernel's modules ${structModule.size}`);
  }
}

function fieldsOf(elf: Elf) {
  const section = elf.section('.modinfo');
  return section ? readModinfo(elf.bytes(section)) : [];
}
