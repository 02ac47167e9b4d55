import { startSignedDepot, type SignedDepot } from '@btf-depot/device';
import { say } from '@btf-depot/services/provision';
import { sha256Of } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildIdOfFile } from './build-id.ts';
import { deviceFiles } from './device-files.ts';
import { harmByPath } from './device-harm.ts';
import { boot, HOST_URL, type Booted, type Step } from '../index.ts';
import { describeInLab, inFull } from '../testing.ts';

const SYSFS = '/sys/kernel/btf/btf_vmlinux_ksyms';

/** The depot's fault for a first part of the path; the client's exit code. */
const failures = {
  cut: 4,
  'wrong-hash': 6,
  'wrong-signature': 6,
  'another-kernel': 6,
  down: 4,
} as const;

for (const name of inFull(['K612'], ['K72', 'K612arm64'])) {
  describeInLab(name, 'a device that has busybox and a network', (kernel) => {
    let depot: SignedDepot;
    let booted: Booted;
    let ksyms: string;
    let buildId: string;
    beforeAll(async () => {
      buildId = buildIdOfFile(kernel.vmlinux);
      depot = await startSignedDepot(kernel.vmlinux, '--extras', 'vars');
      const get = (file: string) => depot.get(`/v1/kernels/${buildId}/${file}`);
      ksyms = sha256Of(await get('vmlinux.ksyms.btf'));
      const manifest = (await get('manifest')).toString();
      depot.behave(harmByPath(manifest, await get('btf_vmlinux_ksyms.ko.xz')));
      booted = await boot(kernel, {
        hostPort: Number(new URL(depot.url).port),
        files: await deviceFiles(kernel.architecture),
        steps: [
          { name: 'load', run: 'btfdepot-fetch load; cat /proc/uptime' },
          { name: 'sysfs', run: `sha256sum ${SYSFS}; du -k /var/run/btf-depot/*/*.ko* | cut -f 1` },
          { name: 'status', run: 'btfdepot-fetch status' },
          { name: 'unload', run: `btfdepot-fetch unload && ls /sys/kernel/btf` },
          { name: 'run', run: `btfdepot-fetch run -- sha256sum ${SYSFS}; ls ${SYSFS}` },
          ...Object.keys(failures).map((failure) => load(failure, `${HOST_URL}/${failure}`)),
          load('resume', `${HOST_URL}/resume`),
          load('changing', `${HOST_URL}/changing`),
          load('after-all', `${HOST_URL}/down ${HOST_URL}`),
          load(
            'full-disk',
            HOST_URL,
            'mount -t tmpfs -o size=64k,mode=755 none /var/run/btf-depot',
          ),
        ],
      });
    });
    afterAll(() => depot.close());

    it('loads the BTF of its kernel, byte for byte', () => {
      const { status, output } = booted.step('load');
      expect(output).toContain('loaded btf_vmlinux_ksyms, revision 1');
      expect(status).toBe(0);
      const [sum, kilobytes] = booted.step('sysfs').output.split(/\s+\S+\n/);
      expect(sum).toBe(ksyms);
      const uptime = /\n([\d.]+) /.exec(output)?.[1];
      say(`${name}: loaded ${uptime} s after the kernel's start, ${kilobytes?.trim()} KiB kept`);
    });

    it('says what it has', () => {
      const { output } = booted.step('status');
      expect(output).toContain(`build-id ${buildId}\n`);
      expect(output).toContain('loaded btf_vmlinux_ksyms\n');
    });

    it('unloads it, and loads it for one command', () => {
      expect(booted.step('unload').output).not.toContain('btf_vmlinux');
      expect(booted.step('run').output).toContain(ksyms);
      expect(booted.step('run').output).toMatch(/No such file/);
    });

    it.each(Object.entries(failures))('says so and loads nothing: %s', (failure, code) => {
      const { status, output, kernelLog } = booted.step(failure);
      expect(output).toMatch(/^btfdepot-fetch: http/m);
      expect([status, output]).toEqual([code, expect.stringContaining('no carrier')]);
      expect(kernelLog).not.toContain('btf_vmlinux');
    });

    it('says so when the disk is full, and leaves nothing on it', () => {
      const { status, output } = booted.step('full-disk');
      expect([status, output]).toEqual([8, expect.stringMatching(/[Nn]o space/)]);
      expect(output).toContain('no carrier');
    });

    it('goes on where it was cut, and asks again when the revision changes meanwhile', () => {
      expect(booted.step('resume')).toMatchObject({ status: 0 });
      expect(depot.requests.join('\n')).toMatch(/\/resume\/v1\/blobs\/\S+ bytes=\d{3,}-/);
      expect(booted.step('changing')).toMatchObject({ status: 0 });
    });

    it('loads after all of that, from the second depot', () => {
      const { status, output } = booted.step('after-all');
      expect([status, output]).toEqual([0, expect.stringContaining('loaded')]);
    });

    it('says so under lockdown, and boot goes on', async () => {
      const locked = await boot(kernel, {
        commandLine: 'lockdown=integrity',
        hostPort: Number(new URL(depot.url).port),
        files: await deviceFiles(kernel.architecture),
        steps: [
          { name: 'mount', run: 'mount -t securityfs none /sys/kernel/security' },
          load('load', HOST_URL),
          { name: 'on', run: 'echo on' },
        ],
      });
      const { status, output } = locked.step('load');
      expect([status, output]).toEqual([7, expect.stringContaining('locked down')]);
      expect(locked.step('on').output).toBe('on\n');
    });
  });
}

function load(name: string, url: string, before = ''): Step {
  const script = `${before}
btfdepot-fetch unload; rm -rf /var/run/btf-depot/*
BTFDEPOT_URL='${url}' btfdepot-fetch load
code=$?
[ -e ${SYSFS} ] || echo no carrier
du -k /var/run/btf-depot
exit $code`;
  return { name, run: script };
}
