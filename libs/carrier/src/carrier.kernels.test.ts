import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { readelf } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { carrier, carrierTarget } from './index.ts';

const folder = testFolder({ atOnce: true });

describeWithKernels(['K612'], "a real kernel's carrier", ({ K612 }) => {
  const core = readFileSync(K612.coreBtf);
  const vars = attachVariables(parseBtf(core), parseBtf(readFileSync(K612.fullBtf))).bytes;
  const baseSha256 = createHash('sha256').update(core).digest('hex');
  const file = join(folder, 'btf_vmlinux.ko');
  const bytes = carrier({
    target: carrierTarget({ arch: 'x86_64', bits: 64, endian: 'little' }),
    buildId: '7f76f39f',
    baseSha256,
    btf: { holds: 'core', bytes: core },
    extras: [{ name: 'vars', bytes: vars }],
  });
  writeFileSync(file, bytes);

  it('is whole for readelf, and its BTF takes no memory of the kernel', async () => {
    const listing = await readelf(['-hSW', file]);
    const hex = (size: number): string => size.toString(16).padStart(6, '0');
    expect(listing).toMatch(/Type: +REL \(Relocatable file\)/);
    expect(listing).toMatch(/Machine: +Advanced Micro Devices X86-64/);
    expect(listing).toMatch(/\.modinfo +PROGBITS .* A +0 +0 +1\n/);
    for (const [name, { length }] of Object.entries({ '.BTF': core, '.BTF.vars': vars })) {
      const columns = `\\${name} +PROGBITS +0+ [0-9a-f]+ ${hex(length)} 00 +0 +0 +4\\n`;
      expect(listing).toMatch(new RegExp(columns));
    }
  });

  const program = 'modinfo';
  const { error: absent } = spawnSync(program, ['--version']);
  it.skipIf(absent)('says what it is to modinfo (needs kmod)', () => {
    const { stdout } = spawnSync(program, [file], { encoding: 'utf8' });
    expect(stdout).toMatch(/^build_id: *7f76f39f$/m);
    expect(stdout).toMatch(new RegExp(`^btf_base_sha256: *${baseSha256}$`, 'm'));
  });
});
