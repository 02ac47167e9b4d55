// Compares the verifier's verdicts with those of the kernel that runs these tests: BPF_BTF_LOAD, by
// a small program on libbpf (Debian: gcc libbpf-dev). Needs permission to load BPF.
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { describe, expect, it } from 'vitest';
import { formatFault, parseKernelVersion, verifyBtf } from '../index.ts';
import { mutate, Random, seededBtf } from '../testing/index.ts';

const MUTATIONS = 20_000;

/**
 * Reads a sequence of [u32 length, bytes]; prints a line for each: 0, or the error and the end of
 * the log.
 */
const PROGRAM = `
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
	static char log[65536];
	unsigned length;
	while (fread(&length, 4, 1, stdin) == 1) {
		char *bytes = malloc(length + 1);
		if (length && fread(bytes, length, 1, stdin) != 1) return 1;
		LIBBPF_OPTS(bpf_btf_load_opts, options, .log_buf = log, .log_size = sizeof(log), .log_level = 1);
		log[0] = 0;
		int fd = bpf_btf_load(bytes, length, &options);
		for (char *end = log + strlen(log); end > log && end[-1] == '\\n';) *--end = 0;
		char *last = strrchr(log, '\\n');
		printf("%d %s\\n", fd < 0 ? fd : 0, last ? last + 1 : log);
		if (fd >= 0) close(fd);
		free(bytes);
	}
	return 0;
}
`;

const folder = testFolder({ atOnce: true });
const program = join(folder, 'load');

function load(blobs: readonly Uint8Array[]): string[] {
  const parts = blobs.flatMap((blob) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(blob.length);
    return [length, blob];
  });
  const input = Buffer.concat(parts);
  const output = execFileSync(program, { input, maxBuffer: 1 << 30 }).toString('latin1');
  return output.split('\n').slice(0, blobs.length);
}

/** Why this system cannot judge, if so. */
function obstacle(): string | undefined {
  const source = join(folder, 'load.c');
  writeFileSync(source, PROGRAM);
  const built = spawnSync('gcc', [source, '-o', program, '-lbpf']);
  if (built.status !== 0) return 'gcc or libbpf-dev is not installed';
  const [verdict] = load([seededBtf(1).bytes]);
  return verdict.startsWith('0') ? undefined : `this kernel does not load BTF: ${verdict}`;
}

describe('the verdict of the running kernel', () => {
  it(`is ours for ${MUTATIONS} mutations, and names the same type`, (context) => {
    const reason = obstacle();
    if (reason !== undefined) context.skip(reason);
    const kernel = parseKernelVersion(release());
    const blobs = Array.from({ length: MUTATIONS }, (_, seed) => {
      const random = new Random(seed);
      return mutate(seededBtf(random.next(60)).bytes, random);
    });
    const verdicts = load(blobs);
    const different: string[] = [];
    let [taken, sameType, otherType] = [0, 0, 0];
    blobs.forEach((blob, seed) => {
      const verdict = verdicts[seed];
      const fault = verifyBtf(blob, { kernel, checks: 'load' }).at(0);
      if (verdict.startsWith('0') !== (fault === undefined)) {
        different.push(
          `seed ${seed}: kernel ${verdict}, ours ${fault ? formatFault(fault) : 'fine'}`,
        );
      } else if (fault === undefined) taken++;
      else {
        const named = /^-\d+ \[(\d+)\]/.exec(verdict);
        if (named && Number(named[1]) === fault.id) sameType++;
        else if (named) otherType++;
      }
    });
    expect(different).toEqual([]);
    expect(taken).toBeGreaterThan(MUTATIONS / 20);
    // Ids that lead nowhere: the kernel meets some of them in another order.
    expect(otherType).toBeLessThan(sameType / 100);
  });
});
