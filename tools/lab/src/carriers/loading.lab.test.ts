import { sha256Of } from '@btf-depot/testing';
import type { ArtifactName } from '@btf-depot/contracts';
import { carrier, judgeCarrier, misfit, readCarrier } from '@btf-depot/carrier';
import type { Kernel } from '@btf-depot/kernels';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildCarriers, type BuiltCarriers } from './built-carriers.ts';
import { guestProgram } from '../programs/guest-program.ts';
import { boot, type ArchiveFile, type Booted } from '../index.ts';
import { describeInLab, inFull } from '../testing.ts';

/** TAINT_OOT_MODULE and TAINT_UNSIGNED_MODULE (Documentation/admin-guide/tainted-kernels.rst). */
const OUT_OF_TREE_AND_UNSIGNED = 4096 + 8192;
const COMPLAINT = /\bBTF\b|[Ii]nvalid|failed to|BUG|Oops|Call Trace/;

const judged = (module: Uint8Array) => ({
  ...readCarrier(module),
  judgement: judgeCarrier(module),
});

for (const name of inFull(['K612', 'K72', 'K612arm64'], ['K61'])) {
  describeInLab(name, 'carriers', (kernel) => {
    let built: BuiltCarriers;
    let booted: Booted;
    beforeAll(async () => {
      built = await buildCarriers(kernel);
      booted = await bootWithCarriers(kernel, built);
    });

    it.each(['whole', 'whole-gz', 'least', 'least-gz'])('load: %s', (step) => {
      const { status, output, kernelLog } = booted.step(step);
      const ksyms = sha256Of(built.artifact('vmlinux.ksyms.btf'));
      expect([output.split(' ')[0], status]).toEqual([ksyms, 0]);
      // busybox offers a packed file to the kernel as it is, before it unpacks it.
      const log = kernelLog.replace(/.*Invalid ELF header magic: != .*\n/, '');
      expect(log).not.toMatch(COMPLAINT);
    });

    it('under any name, with a dot too', () => {
      expect(booted.step('dotted')).toMatchObject({ status: 0, output: 'vmlinux.vars\n' });
    });

    // Debian's kmod is built without gzip.
    it.runIf(kernel.architecture === 'amd64').each(['xz', 'zst'])('load by kmod: %s', (packed) => {
      expect(booted.step(`kmod-${packed}`)).toMatchObject({ status: 0, output: '' });
      expect(booted.step(`kmod-${packed}`).kernelLog).not.toMatch(COMPLAINT);
    });

    it('taint the kernel as modules of others do, and no more', () => {
      expect(booted.step('tainted').output).toBe(`${OUT_OF_TREE_AND_UNSIGNED}\n`);
    });

    describe('of others', () => {
      // With modversions only the CRC counts (same_magic in kernel/module/version.c).
      const hasCrcs = kernel.name !== 'K72';

      it.runIf(!hasCrcs)('are refused with another release', () => {
        expect(booted.step('other-release').status).not.toBe(0);
        expect(booted.step('other-release').kernelLog).toMatch(/version magic/);
      });

      it.runIf(hasCrcs)('are loaded with another release, so that a loader must compare', () => {
        expect(booted.step('other-release').status).toBe(0);
      });

      it.runIf(hasCrcs)('are refused with another CRC of module_layout', () => {
        expect(booted.step('other-crc').status).not.toBe(0);
        expect(booted.step('other-crc').kernelLog).toMatch(/disagrees about version of symbol/);
      });

      it('show by their base that they are for another kernel, although this one would load them', () => {
        const [theirs, ours] = booted.step('other-base').output.trim().split('\n');
        expect(theirs).toBe('0'.repeat(64));
        expect(ours).toBe(built.parts.core.sha256);
        const running = { buildId: built.parts.buildId, btfSha256: ours ?? '' };
        const whole = judged(built.artifact('btf_vmlinux.ko'));
        expect(misfit(whole, running)).toBeUndefined();
        expect(misfit({ ...whole, baseSha256: theirs ?? '' }, running)).toBe('other-base');
      });

      it('leave the kernel alive', () => {
        expect(booted.step('alive')).toMatchObject({ status: 0, output: 'btf_vmlinux\nvmlinux\n' });
      });
    });
  });
}

describeInLab('K612', 'module.sig_enforce=1', (kernel) => {
  it('refuses a carrier that is not signed, as was said before', async () => {
    const { artifact, parts } = await buildCarriers(kernel);
    const booted = await boot(kernel, {
      commandLine: 'module.sig_enforce=1',
      files: [file('carrier.ko', artifact('btf_vmlinux_ksyms.ko'))],
      steps: [
        { name: 'enforced', run: 'cat /sys/module/module/parameters/sig_enforce' },
        { name: 'load', run: 'insmod /carrier.ko' },
      ],
    });
    const running = {
      buildId: parts.buildId,
      enforcesSignatures: booted.step('enforced').output === 'Y\n',
    };
    const least = judged(artifact('btf_vmlinux_ksyms.ko'));
    expect(misfit(least, running)).toBe('not-signed');
    const { status, output, kernelLog } = booted.step('load');
    expect(status).not.toBe(0);
    expect(output).toMatch(/Key was rejected by service|Required key not available/);
    expect(kernelLog).toMatch(/Loading of (unsigned )?module .*is rejected/);
  });
});

async function bootWithCarriers(kernel: Kernel, built: BuiltCarriers): Promise<Booted> {
  const names = ['btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko'] as const;
  const packed = names.flatMap((name) =>
    (['', '.gz', '.xz', '.zst'] as const).map((suffix): ArtifactName => `${name}${suffix}`),
  );
  const loads = (name: string, path: string): string =>
    `insmod /${path} && sha256sum /sys/kernel/btf/${name} && rmmod ${name}`;
  // kmod takes modules by path and reads packed ones itself, as on a system.
  const byKmod = kernel.architecture === 'amd64' ? ['xz', 'zst'] : [];
  return await boot(kernel, {
    memoryMib: 768,
    files: [
      ...packed.map((name) => file(name, built.artifact(name))),
      ...others(built),
      ...(byKmod.length > 0 ? await guestProgram('kmod', 'bin/kmod') : []),
    ],
    steps: [
      { name: 'whole', run: loads('btf_vmlinux', 'btf_vmlinux.ko') },
      { name: 'whole-gz', run: loads('btf_vmlinux', 'btf_vmlinux.ko.gz') },
      { name: 'least', run: loads('btf_vmlinux_ksyms', 'btf_vmlinux_ksyms.ko') },
      { name: 'least-gz', run: loads('btf_vmlinux_ksyms', 'btf_vmlinux_ksyms.ko.gz') },
      ...byKmod.map((suffix) => ({ name: `kmod-${suffix}`, run: modprobe(kernel, suffix) })),
      { name: 'tainted', run: 'cat /proc/sys/kernel/tainted' },
      { name: 'other-release', run: 'insmod /other-release.ko && rmmod btf_vmlinux' },
      { name: 'other-crc', run: 'insmod /other-crc.ko && rmmod btf_vmlinux' },
      {
        name: 'other-base',
        run: `tr '\\0' '\\n' < /other-base.ko | sed -n 's/^btf_base_sha256=//p'
sha256sum < /sys/kernel/btf/vmlinux | cut -d ' ' -f 1`,
      },
      { name: 'alive', run: 'insmod /btf_vmlinux.ko && ls /sys/kernel/btf' },
      { name: 'dotted', run: 'insmod /dotted.ko && ls /sys/kernel/btf | grep vars' },
    ],
  });
}

function modprobe({ release }: Kernel, suffix: string): string {
  const folder = `/lib/modules/${release}`;
  return `mkdir -p /kmod ${folder}; rm -f ${folder}/*
ln -sf /bin/kmod /kmod/modprobe; ln -sf /bin/kmod /kmod/depmod
cp /btf_vmlinux.ko.${suffix} ${folder}/; touch ${folder}/modules.order ${folder}/modules.builtin ${folder}/modules.builtin.modinfo
/kmod/depmod -a && /kmod/modprobe btf_vmlinux && /kmod/modprobe -r btf_vmlinux`;
}

/** Carriers as other builds would have them. */
function others({ pack, target, parts }: BuiltCarriers): ArchiveFile[] {
  const { buildId, load, ksyms } = pack;
  if (!load || !ksyms) throw new Error('the carrier of this kernel is not loadable');
  const input = {
    target,
    buildId,
    baseSha256: parts.core.sha256,
    btf: { holds: 'ksyms', bytes: ksyms },
    extras: [],
    load,
  } as const;
  const release = load.vermagic.replace(/\d+/, (major) => String(Number(major) + 1));
  return [
    file('dotted.ko', carrier({ ...input, name: 'vmlinux.vars' })),
    file('other-release.ko', carrier({ ...input, load: { ...load, vermagic: release } })),
    file('other-crc.ko', carrier({ ...input, load: { ...load, layoutCrc: 1 } })),
    file('other-base.ko', carrier({ ...input, baseSha256: '0'.repeat(64) })),
  ];
}

function file(path: string, bytes: Uint8Array): ArchiveFile {
  return { path, bytes };
}
