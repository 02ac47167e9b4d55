// libbpf's btf__dedup judges on the same input: the same types in the same order with the same
// references, which is more than either promises.
import { pahole, unpackModules, type Kernel } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  BtfBuilder,
  dedupBtf,
  dumpRaw,
  findBtf,
  Kind,
  mergeBtf,
  parseBtf,
  type Btf,
} from '../../index.ts';
import { buildProgram, missingCompilers } from '../../testing/index.ts';

const PROGRAM = `
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
/* FILE OUTPUT [BASE] */
int main(int argc, char **argv) {
	struct btf *base = argc > 3 ? btf__parse(argv[3], NULL) : NULL;
	struct btf *btf = argc > 3 ? btf__parse_split(argv[1], base) : btf__parse(argv[1], NULL);
	if (libbpf_get_error(btf) || (argc > 3 && libbpf_get_error(base))) return 1;
	if (btf__dedup(btf, NULL)) return 2;
	unsigned size;
	const void *bytes = btf__raw_data(btf, &size);
	FILE *output = fopen(argv[2], "w");
	if (!output || fwrite(bytes, 1, size, output) != size || fclose(output)) return 3;
	puts(libbpf_version_string());
	return 0;
}
`;

const folder = testFolder({ atOnce: true });
const program = join(folder, 'dedup');

function write(name: string, bytes: Uint8Array | string): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** The types of all parts after one another, each part once, on their base. */
function concatenate(parts: readonly Btf[]): Btf {
  const [{ base, firstId }] = parts;
  const builder = new BtfBuilder(base && { base });
  for (const part of parts) {
    const shift = builder.nextId - firstId;
    for (let id = firstId; id < part.endId; id++) {
      builder.copy(part, id, (to) => (to < firstId ? to : to + shift));
    }
  }
  return builder.toBtf();
}

/** libbpf's result and ours for the same types. */
function both(input: Btf): { ours: Btf; theirs: Btf } {
  const on = input.base && { base: input.base };
  const files = [write('input.btf', input.bytes), join(folder, 'output.btf')];
  if (input.base) files.push(write('base.btf', input.base.bytes));
  execFileSync(program, files);
  return {
    ours: parseBtf(dedupBtf(input), on),
    theirs: parseBtf(readFileSync(files[1]), on),
  };
}

function expectSame({ ours, theirs }: { ours: Btf; theirs: Btf }): void {
  expect(ours.typeCount).toBe(theirs.typeCount);
  expect(Buffer.compare(dumpRaw(ours), dumpRaw(theirs))).toBe(0);
}

function forwards(btf: Btf): number {
  let count = 0;
  for (let id = btf.firstId; id < btf.endId; id++) if (btf.kind(id) === Kind.FWD) count++;
  return count;
}

/** Units of one program that know different parts of its types. */
const UNITS: Readonly<Record<string, string>> = {
  owner: `struct item; struct list { struct item *first; struct list *next; };
    struct item { int n; struct list *owner; enum state *state; union any *any; };
    enum state { OFF, ON = 7 };`,
  user: `struct item; struct list { struct item *first; struct list *next; };
    union any { long l; void (*call)(struct list *); }; struct pair { struct list a, b; };`,
  other: `struct item { char c; }; struct pair { struct item *a, *b; };
    union any; struct holder { union any *any; const struct item *item; };`,
  headers: '#include <stdio.h>\n#include <sys/socket.h>\n#include <netinet/in.h>',
  libraries: '#include <bpf/libbpf.h>\n#include <linux/bpf.h>\n#include <netinet/in.h>',
  types: '#include <bpf/btf.h>\n#include <sys/stat.h>\n#include <signal.h>\n#include <stdio.h>',
};

/** The BTF of each unit by itself. */
async function unitsOf(
  compile: (name: string, source: string) => string | Promise<string>,
): Promise<Btf[]> {
  const parts: Btf[] = [];
  for (const [name, source] of Object.entries(UNITS)) {
    const objects = [...source.matchAll(/(?:struct|union) \w+(?= \{)/g)].map(([type]) => type);
    // Unused types are not described.
    const used = objects.map((type, index) => `${type} ${name}${index};\n`).join('');
    const file = await compile(name, write(`${name}.c`, `${source}\n${used}int ${name};\n`));
    parts.push(parseBtf(findBtf(readFileSync(file))[0].bytes));
  }
  return parts;
}

const body = (kernels: { K612: Kernel }): void => {
  beforeAll(() => buildProgram(PROGRAM, program));
  const coreOf = ({ coreBtf }: Kernel): Btf => parseBtf(readFileSync(coreBtf));
  const core = coreOf(kernels.K612);

  it('a core twice becomes one, in which libbpf finds nothing to remove', () => {
    const once = both(concatenate([core, core]));
    expectSame(once);
    const again = both(once.ours);
    expect(again.theirs.typeCount).toBe(once.ours.typeCount);
  });

  it('a core and the same types with all variables', () => {
    expectSame(both(concatenate([core, parseBtf(readFileSync(kernels.K612.fullBtf))])));
  });

  it('the modules of a kernel, each knowing other parts of its types', () => {
    const files = unpackModules(kernels.K612, join(folder, 'modules'), 3);
    const parts = files.flatMap((file) => {
      const own = findBtf(readFileSync(file)).find(({ name }) => name === '.BTF');
      return own ? [parseBtf(own.bytes, { base: core })] : [];
    });
    expect(parts.length).toBeGreaterThan(300);
    for (const input of [concatenate(parts), parseBtf(mergeBtf(...parts))]) {
      const made = both(input);
      expectSame(made);
      expect(forwards(made.ours)).toBeLessThan(forwards(input) / 2);
    }
  });

  it('units that gcc compiled and pahole encoded', async () => {
    const parts = await unitsOf(async (name, source) => {
      const object = join(folder, `${name}.o`);
      execFileSync('gcc', ['-g', '-fno-eliminate-unused-debug-types', '-c', source, '-o', object]);
      await pahole(['-J', '--btf_features=default', object]);
      return object;
    });
    expectSame(both(concatenate(parts)));
  });

  it('units that clang compiled for BPF', async () => {
    const parts = await unitsOf((name, source) => {
      const object = join(folder, `${name}.bpf.o`);
      // The system's headers are for its own architecture.
      const host = execFileSync('gcc', ['-print-multiarch']).toString().trim();
      const headers = ['-I', `/usr/include/${host}`, `-D__${host.split('-')[0]}__`];
      const flags = ['-target', 'bpf', '-g', ...headers];
      execFileSync('clang', [...flags, '-c', source, '-o', object]);
      return object;
    });
    expectSame(both(concatenate(parts)));
  });
};

const missing = missingCompilers();
if (missing.length > 0) {
  describe('deduplicating', () => {
    it('is what libbpf does', (context) => context.skip(`not installed: ${missing.join(', ')}`));
  });
} else {
  describeWithKernels(['K612'], 'what libbpf makes of the same input, we make of', body);
  for (const name of ['K61', 'K72', 'K612arm64'] as const) {
    describeWithKernels(['K612', name], `two kernels, K612 and ${name}`, (kernels) => {
      beforeAll(() => buildProgram(PROGRAM, program));

      it('become what libbpf makes of them', () => {
        const cores = [kernels.K612, kernels[name]].map(({ coreBtf }) => {
          return parseBtf(readFileSync(coreBtf));
        });
        expectSame(both(concatenate(cores)));
      });
    });
  }
}
