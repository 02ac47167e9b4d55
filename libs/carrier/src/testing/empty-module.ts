import { SectionFlag, SectionType, writeRelocatable, type SectionInput } from '@btf-depot/elf';
import { writeModinfo, type ModinfoEntry } from '../modinfo.ts';
import { versionsSection } from '../versions.ts';

export interface EmptyModule {
  readonly name: string;
  /** BTF, and other sections to add. */
  readonly sections?: readonly SectionInput[];
  /** After the fields that every module has. */
  readonly modinfo?: readonly ModinfoEntry[];
  readonly vermagic?: string;
  /** Contents of `struct module` beside the name, by offset. */
  readonly self?: Readonly<Record<number, number>>;
}

const { ALLOC, WRITE, EXECINSTR } = SectionFlag;
const target = { class: 64, endian: 'little', machine: 62 } as const;
const VERMAGIC = '6.12.0-test SMP preempt mod_unload modversions ';
const none = new Uint8Array();

/**
 * The output of Linux 6.12's build for an empty C file on x86-64, without its debug information.
 */
export function emptyModule({
  name,
  sections = [],
  modinfo = [],
  self = {},
  vermagic = VERMAGIC,
}: EmptyModule) {
  const module = new Uint8Array(1280);
  module.set(Buffer.from(name), 24);
  for (const [at, byte] of Object.entries(self)) module[Number(at)] = byte;
  const fields = [
    { key: 'license', value: 'GPL' },
    { key: 'depends', value: '' },
    { key: 'name', value: name },
    { key: 'retpoline', value: 'Y' },
    { key: 'vermagic', value: vermagic },
    ...modinfo,
  ];
  return writeRelocatable({
    ...target,
    sections: [
      { name: '.text', flags: ALLOC | EXECINSTR, bytes: none },
      { name: '.modinfo', flags: ALLOC, bytes: writeModinfo(fields) },
      versionsSection(target, 0x2f9b1a5a),
      { name: '.orc_header', flags: ALLOC, align: 4, bytes: new Uint8Array(20).fill(7) },
      { name: '.data', flags: ALLOC | WRITE, bytes: new Uint8Array(4) },
      { name: '.gnu.linkonce.this_module', flags: ALLOC | WRITE, align: 64, bytes: module },
      { name: '.bss', type: SectionType.NOBITS, flags: ALLOC | WRITE, bytes: none },
      { name: '.note.GNU-stack', bytes: none },
      ...sections,
    ],
  });
}
