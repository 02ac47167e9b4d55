import { FILE_ENDINGS } from '@btf-depot/codec';
import { expect, test } from 'vitest';
import { wantedKind } from './wanted.ts';

test.each(Object.values(FILE_ENDINGS))(
  'files are wanted whatever they are packed with: .%s',
  (end) => {
    expect(wantedKind(`lib/modules/6.12/kernel/fs/xfs/xfs.ko.${end}`)).toBe('module');
    expect(wantedKind(`btf/6.12.btf.${end}`)).toBe('btf');
    expect(wantedKind(`boot/kernel8.img.${end}`)).toBe('kernel');
    expect(wantedKind(`openwrt-x86-64-vmlinux.elf.${end}`)).toBe('kernel');
  },
);

test.each(['xfs.ko.zip', 'xfs.kogz', 'xfs.ko.gz.sig', '6.12.btf.txt', 'openwrt-kernel.gz.asc'])(
  'no file is wanted for a similar name: %s',
  (name) => {
    expect(wantedKind(name)).toBeUndefined();
  },
);
