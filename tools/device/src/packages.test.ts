import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPath } from '@btf-depot/services/provision';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';

const source = fileURLToPath(new URL('../../../infra/device', import.meta.url));
const folder = testFolder();

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const client = readFileSync(join(source, 'btfdepot-fetch'));

const without = (name: string) => inPath(name) === undefined && process.env.CI !== 'true';

it.skipIf(without('dpkg-deb'))('dpkg takes the .deb apart into what it should hold', () => {
  run(join(source, 'package'), 'deb', folder);
  const deb = join(folder, 'btf-depot-fetch_0.1.0_all.deb');
  const files = run('dpkg-deb', '-c', deb).match(/(?<=\.)\/\S*[^/\s]$/gm);
  expect(files).toEqual([
    '/etc/btf-depot/fetch.conf',
    '/etc/modprobe.d/btf-depot.conf',
    '/lib/systemd/system/btf-depot-fetch.service',
    '/usr/sbin/btfdepot-fetch',
    '/usr/sbin/btfdepot-place',
  ]);
  expect(run('dpkg-deb', '-f', deb, 'Architecture').trim()).toBe('all');
  run('dpkg-deb', '-x', deb, join(folder, 'deb'));
  expect(readFileSync(join(folder, 'deb/usr/sbin/btfdepot-fetch'))).toEqual(client);
  const first = readFileSync(deb);
  run(join(source, 'package'), 'deb', folder);
  expect(readFileSync(deb).equals(first)).toBe(true);
});

it.each([[], ['deb'], ['rpm', '.']])('%j is wrong usage, and makes nothing', (...args) => {
  const before = readdirSync(source);
  expect(() => run(join(source, 'package'), ...args)).toThrow('Usage: package deb|ipk FOLDER');
  expect(readdirSync(source)).toEqual(before);
});

it('the .ipk is laid out as opkg wants it', () => {
  run(join(source, 'package'), 'ipk', folder);
  const ipk = join(folder, 'btf-depot-fetch_0.1.0_all.ipk');
  run('tar', '-C', folder, '-xzf', ipk);
  expect(readFileSync(join(folder, 'debian-binary'), 'utf8')).toBe('2.0\n');
  expect(run('tar', '-tzf', join(folder, 'control.tar.gz')).split('\n')).toContain('./control');
  const files = run('tar', '-tzf', join(folder, 'data.tar.gz')).split('\n');
  expect(files).toEqual(
    expect.arrayContaining(['./usr/sbin/btfdepot-fetch', './etc/init.d/btf-depot']),
  );
});

it.skipIf(without('systemd-analyze'))('systemd has nothing to say against the unit', () => {
  const text = readFileSync(join(source, 'btf-depot-fetch.service'), 'utf8');
  expect(text).toContain('CapabilityBoundingSet=CAP_SYS_MODULE');
  const unit = join(source, 'btf-depot-fetch.service');
  const verify = 'systemd-analyze verify "$1" 2>&1 | grep -v "not executable"; true';
  expect(run('sh', '-c', verify, 'sh', unit)).toBe('');
});

it('the recipes of Yocto and OpenWrt name files that there are', () => {
  const recipe = readFileSync(join(source, 'yocto/btf-depot-fetch_0.1.0.bb'), 'utf8');
  const makefile = readFileSync(join(source, 'openwrt/Makefile'), 'utf8');
  const named = [
    ...recipe.matchAll(/file:\/\/([\w.-]+)(?=["\s])/g),
    ...makefile.matchAll(/\.\/files\/(\S+)/g),
  ].map(([, name = '']) => name);
  expect(named).toHaveLength(9);
  expect(named.filter((name) => !existsSync(join(source, name)))).toEqual([]);
});
