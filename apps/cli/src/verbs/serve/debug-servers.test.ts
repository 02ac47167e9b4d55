import { expect, test } from 'vitest';
import { debugServerOf } from './debug-servers.ts';

test.each([
  ['6.12.117+deb13-amd64', 'Debian'],
  ['6.1.0-50-armmp', 'Debian'],
  ['6.12.117+deb12-cloud-amd64', 'Debian'],
  ['6.8.0-87-generic', 'Ubuntu'],
  ['6.14.0-1017-azure', 'Ubuntu'],
  ['6.17.4-200.fc42.x86_64', 'Fedora'],
  ['5.14.0-611.el9.x86_64', 'CentOS Stream'],
  ['6.4.0-150700.53-default', 'openSUSE'],
  ['6.17.7-arch1-1', 'Arch Linux'],
  ['6.12.58_1', 'Void Linux'],
])('%s is of %s, which has a debuginfod', (release, name) => {
  const server = debugServerOf(release);
  expect(server?.name).toBe(name);
  expect(server?.url).toMatch(/^https:\/\//);
});

test.each([
  ['6.6.87.2-microsoft-standard-WSL2', 'WSL2'],
  ['6.1.158-178.288.amzn2023.x86_64', 'Amazon Linux'],
  ['6.12.58-0-lts', 'Alpine Linux'],
  ['6.18.44-fc-v769', 'Firecracker'],
])('%s is of %s, which publishes no debug information', (release, name) => {
  expect(debugServerOf(release)).toEqual({ name, url: undefined });
});

test('a kernel that somebody built has no known publisher', () => {
  expect(debugServerOf('6.18.0-rc4+')).toBeUndefined();
});
