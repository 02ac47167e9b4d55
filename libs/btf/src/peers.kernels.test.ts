// Other programs judge our output: compilers, libbpf, bpftool's min_core_btf. Clang, gcc and
// libbpf's headers are the system's (Debian: clang gcc libbpf-dev).
import { bytesSource } from '@btf-depot/bytes';
import { readElf } from '@btf-depot/elf';
import { bpftool, readelf, type Kernel } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  addComposite,
  addEnum,
  addFloat,
  addForward,
  addFunctionProto,
  addInt,
  addPointer,
  addTypedef,
  addTypeTag,
  BtfBuilder,
  findBtf,
  Kind,
  memberAt,
  mergeBtf,
  parseBtf,
  printHeader,
  tailorBtf,
  type Btf,
} from './index.ts';
import { buildProgram, missingCompilers, seededBtf } from './testing/index.ts';

const folder = testFolder({ atOnce: true });

function write(name: string, bytes: Uint8Array | string): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const missing = missingCompilers();

/** Name, sizes and member offsets of a composite. */
function layoutOf(btf: Btf, id: number): string {
  const members = Array.from({ length: btf.vlen(id) }, (_, index) => {
    const { name, bitOffset, bitSize } = memberAt(btf, id, index);
    return `${btf.string(name)}@${bitOffset}:${bitSize}`;
  });
  return `${btf.sizeOrType(id)} ${members.join(' ')}`;
}

function composites(btf: Btf): number[] {
  const ids = Array.from({ length: btf.typeCount }, (_, own) => btf.firstId + own);
  return ids.filter((id) => btf.kind(id) === Kind.STRUCT || btf.kind(id) === Kind.UNION);
}

const READ_PROGRAM = `
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
/* FILE [BASE]: the number of types. */
int main(int argc, char **argv) {
	struct btf *base = argc > 2 ? btf__parse(argv[2], NULL) : NULL;
	struct btf *btf = argc > 2 ? btf__parse_split(argv[1], base) : btf__parse(argv[1], NULL);
	if (libbpf_get_error(btf) || (argc > 2 && libbpf_get_error(base))) return 1;
	printf("%u\\n", btf__type_cnt(btf));
	return 0;
}
`;

const LOAD_PROGRAM = `
#include <bpf/libbpf.h>
#include <stdio.h>
/* OBJECT BTF: the error of loading it with that BTF instead of the kernel's. */
int main(int argc, char **argv) {
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = argv[2]);
	struct bpf_object *object = bpf_object__open_file(argv[1], &options);
	if (argc < 3 || libbpf_get_error(object)) return 1;
	printf("%d\\n", bpf_object__load(object));
	return 0;
}
`;
/** bpf_object__load's error without permission to load BPF. */
const NOT_PERMITTED = '-1';

/** BPF objects with relocations of every kind that clang 14 can make. */
const CORE_OBJECTS: Readonly<Record<string, string>> = {
  fields: `
    out[0] = BPF_CORE_READ(task, mm, pgd, pgd);
    out[1] = BPF_CORE_READ(task, files, fdt, max_fds) + BPF_CORE_READ(task, comm[3]);
    struct page *page = ctx; out[2] = BPF_CORE_READ(page, mapping, host, i_ino);`,
  flavours: `
    struct task_struct___mine { long __state; int nosuch; } __attribute__((preserve_access_index));
    struct task_struct___mine *mine = (void *)task;
    if (bpf_core_field_exists(mine->__state)) out[0] = BPF_CORE_READ(mine, __state);
    if (bpf_core_field_exists(mine->nosuch)) out[1] = BPF_CORE_READ(mine, nosuch);`,
  types: `
    out[0] = bpf_core_type_size(struct sock) + bpf_core_type_exists(pid_t);
    out[1] = bpf_core_enum_value(enum pid_type, PIDTYPE_SID);
    out[2] = bpf_core_type_id_kernel(struct dentry) + bpf_core_type_id_local(struct inode);
    out[3] = bpf_core_type_exists(struct nosuch { int a; });`,
  bitfields: `
    out[0] = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
    struct sk_buff *skb = ctx; out[1] = BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
    out[2] = BPF_CORE_READ(skb, dev, ifindex) + BPF_CORE_READ(skb, len);
    out[3] = bpf_core_field_size(task->comm) + bpf_core_field_offset(struct sock, sk_protocol);`,
};

const CORE_SOURCE = (body: string): string => `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#ifndef bpf_core_field_offset
#define bpf_core_field_offset(...) 0
#endif
char LICENSE[] SEC("license") = "GPL";
long out[8];
SEC("kprobe/do_exit") int probe(void *ctx) {
	struct task_struct *task = (void *)bpf_get_current_task();
	${body}
	return 0;
}
`;

const coreOf = ({ coreBtf }: Kernel): Btf => parseBtf(readFileSync(coreBtf));

const clang = ['-target', 'bpf', '-g', '-O2', '-D__TARGET_ARCH_x86', '-c'];

const compilers = (core: Btf): void => {
  it('compilers take our vmlinux.h, and lay every struct and union out as BTF says', () => {
    const text = [...printHeader(core)].join('');
    write('all.h', text);
    const names = [...text.matchAll(/^((?:struct|union) \w+) \{/gm)].map(([, name]) => name);
    // An object of each type makes clang describe all of it.
    const objects = names.map((name, index) => `${name} object_${index};`).join('\n');
    const source = write('all.c', `#include "all.h"\n${objects}\n`);
    execFileSync('gcc', ['-c', source, '-o', join(folder, 'all.gcc.o'), '-w']);
    execFileSync('clang', [...clang, source, '-o', join(folder, 'all.o')]);
    const [made] = findBtf(readFileSync(join(folder, 'all.o')));
    const compiled = parseBtf(made.bytes);
    const layouts = (btf: Btf): Map<string, string[]> => {
      const found = new Map<string, string[]>();
      for (const id of composites(btf)) {
        const name = btf.name(id).replace(/___\d+$/, '');
        if (name === '') continue;
        const key = `${btf.kind(id)} ${name}`;
        found.set(key, [...(found.get(key) ?? []), layoutOf(btf, id)].sort());
      }
      return found;
    };
    const [expected, got] = [layouts(core), layouts(compiled)];
    const different = [...expected].filter(([key, of]) => String(got.get(key)) !== String(of));
    expect(different).toEqual([]);
    expect(names.length).toBeGreaterThan(5000);
  });
};

/** Names that try to end the text around them, or that C reserves. */
const HOSTILE = [
  'a; } int evil(void) { return 1; ',
  'x*/',
  '"',
  "'",
  '\n#define int',
  '\\',
  '??/',
  '\\\n',
  '__attribute__((constructor))',
  ' ',
  '1',
  'é',
  'int',
  'while',
  'asm',
  'linux',
  '__VMLINUX_H__',
];

const hostileHeader = (): string => {
  const b = new BtfBuilder();
  for (const name of HOSTILE) {
    const int = addInt(b, name, 4, 1);
    const e = addEnum(b, name, 4, false, [[name, 1n]]);
    const member = { name, type: addFloat(b, name, 8), bitOffset: 0 };
    const struct = addComposite(b, Kind.STRUCT, name, 8, [member]);
    addComposite(b, Kind.UNION, name, 8, [member]);
    addForward(b, `${name}f`, false);
    addTypedef(b, name, addPointer(b, addTypeTag(b, name, struct)));
    const parameters = [[name, int] as const, [`${name}2`, e] as const];
    addTypedef(b, `${name}t`, addPointer(b, addFunctionProto(b, struct, parameters)));
  }
  return [...printHeader(b.toBtf())].join('');
};

const body = ({ K612 }: { K612: Kernel }): void => {
  const core = coreOf(K612);
  const coreFile = write('core.btf', core.bytes);
  write('vmlinux.h', [...printHeader(core)].join(''));

  compilers(core);

  it('compilers accept a header of hostile names, which have no effect', async () => {
    write('hostile.h', hostileHeader());
    const source = write('hostile.c', '#include "hostile.h"\n');
    const [host, bpf] = ['hostile.gcc.o', 'hostile.o'].map((name) => join(folder, name));
    execFileSync('gcc', ['-w', '-c', source, '-o', host]);
    execFileSync('clang', ['-w', ...clang, source, '-o', bpf]);
    for (const object of [host, bpf]) {
      expect(await readelf(['-sW', object])).not.toMatch(/ (FUNC|OBJECT|GLOBAL) /);
    }
    expect(execFileSync('gcc', ['-E', '-dM', source]).toString()).not.toContain('#define int');
  });

  describe('libbpf', () => {
    const program = join(folder, 'read');
    beforeAll(() => buildProgram(READ_PROGRAM, program));
    const count = (...files: string[]): number => Number(execFileSync(program, files).toString());

    it('reads what we split and merged', () => {
      const split = seededBtf(7, core);
      expect(count(write('split.btf', split.bytes), coreFile)).toBe(split.endId);
      expect(count(write('merged.btf', mergeBtf(split)))).toBe(split.endId);
    });
  });

  describe('bpftool gen min_core_btf', () => {
    const loader = join(folder, 'load');
    beforeAll(() => buildProgram(LOAD_PROGRAM, loader));
    it.each(Object.keys(CORE_OBJECTS))(
      'carries the same types for the object %s, which loads with ours',
      async (name) => {
        const source = write(`${name}.c`, CORE_SOURCE(CORE_OBJECTS[name]));
        const object = join(folder, `${name}.o`);
        execFileSync('clang', [...clang, source, '-o', object]);
        const theirs = join(folder, `${name}.theirs.btf`);
        await bpftool(['gen', 'min_core_btf', coreFile, theirs, object]);
        const compiled = readElf(bytesSource(readFileSync(object)));
        const [btf, ext] = ['.BTF', '.BTF.ext'].map((wanted) => {
          const found = compiled.section(wanted);
          if (!found) throw new Error(`${name} has no ${wanted}`);
          return compiled.bytes(found);
        });
        const ours = write(`${name}.ours.btf`, tailorBtf(core, [{ btf: parseBtf(btf), ext }]));
        const dump = (file: string): Promise<string> =>
          bpftool(['btf', 'dump', 'file', file, 'format', 'raw']);
        const tailored = await dump(ours);
        expect(tailored).toBe(await dump(theirs));
        expect(tailored.split('\n').length).toBeGreaterThan(3);
        const loaded = execFileSync(loader, [object, ours], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        expect(['0', NOT_PERMITTED]).toContain(loaded.toString().trim());
      },
    );
  });
};

if (missing.length > 0) {
  describe('peers', () => {
    it('judge our output', (context) => context.skip(`not installed: ${missing.join(', ')}`));
  });
} else {
  describeWithKernels(['K612'], 'what we write, for K612', body);
  for (const name of ['K61', 'K72', 'K612arm64'] as const) {
    describeWithKernels([name], `what we write, for ${name}`, (kernels) => {
      compilers(coreOf(kernels[name]));
    });
  }
}
