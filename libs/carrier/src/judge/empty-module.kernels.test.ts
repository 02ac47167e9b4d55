import { bytesSource } from '@btf-depot/bytes';
import { readElf, SectionFlag } from '@btf-depot/elf';
import { headersNames, providedEmptyModules, type EmptyModules } from '@btf-depot/kernels';
import { describe, expect, it } from 'vitest';
import { judgeCarrier } from '../index.ts';
import { signatureOf, withSection } from '../testing/index.ts';

describe.each(headersNames)('a module built with the headers of Linux %s', async (name) => {
  const found = await providedEmptyModules(name);
  if ('absent' in found) {
    it('needs these headers', (context) => context.skip(found.absent));
    return;
  }
  const { empty, withInit }: EmptyModules = found.value;

  it('is taken if its C file is empty, signed or not', () => {
    expect(judgeCarrier(empty)).toMatchObject({
      as: 'empty-module',
      load: { structModule: { nameOffset: 24 } },
    });
    expect(judgeCarrier(Buffer.concat([empty, signatureOf()]))).toMatchObject({
      as: 'empty-module',
    });
  });

  it('is refused with an init function', () => {
    expect(judgeCarrier(withInit)).toMatchObject({ as: 'refused' });
  });

  it('is refused with any section of the one with an init function', () => {
    const elf = readElf(bytesSource(withInit));
    const more = elf.sections.filter(
      ({ name: section, size, flags }) =>
        size > 0 &&
        (flags & SectionFlag.ALLOC) !== 0 &&
        !readElf(bytesSource(empty)).section(section),
    );
    expect(more.map((one) => one.name)).toContain('.init.text');
    for (const section of more) {
      const worse = withSection(empty, { ...section, bytes: elf.bytes(section).slice() });
      expect([section.name, judgeCarrier(worse).as]).toEqual([section.name, 'refused']);
    }
  });
});
