import { FormatError } from '@btf-depot/bytes';
import { linkFor, type LinkRecord } from '@btf-depot/carrier';
import { SectionFlag, type Elf } from '@btf-depot/elf';
import { sha256Of } from '../sha256.ts';

export const CORE_SECTION = '.BTF';

/** Whether the kernel takes its core from a module (CONFIG_DEBUG_INFO_BTF=m). */
export function hasLinkedCore(links: readonly LinkRecord[] = []): boolean {
  return linkFor(links, CORE_SECTION) !== undefined;
}

/**
 * Checks what a build with CONFIG_DEBUG_INFO_BTF=m leaves in vmlinux.unstripped: core, which is not
 * loaded, and what the kernel will ask of the module that brings it.
 *
 * @throws FormatError `link-beside-core` for core that is loaded although a module brings it,
 *   `link-sha256` and `link-bytes` for core that is not what the record names.
 */
export function checkLinkedCore(elf: Elf, links: readonly LinkRecord[]): void {
  const link = linkFor(links, CORE_SECTION);
  const core = elf.filled(CORE_SECTION);
  if (!link || !core) return;
  const section = `${CORE_SECTION}.link`;
  const refuse = (code: string, message: string) => {
    const offset = code === 'link-sha256' ? 64 - elf.class / 8 : 96 - elf.class / 8;
    return new FormatError(
      code,
      message,
      code === 'link-beside-core' ? { section } : { section, offset },
    );
  };
  if ((core.flags & SectionFlag.ALLOC) !== 0) {
    const message = `the kernel has .BTF in memory, and says that ${link.module} brings it`;
    throw refuse('link-beside-core', message);
  }
  if (core.size !== link.size) {
    throw refuse('link-bytes', `it names ${link.size} bytes, and .BTF has ${core.size}`);
  }
  const sha256 = sha256Of(elf.bytes(core));
  if (sha256 !== link.sha256) {
    throw refuse('link-sha256', `it names SHA-256 ${link.sha256}, and that of .BTF is ${sha256}`);
  }
}
