import { expect, it } from 'vitest';
import { parseIndexTargets } from './debian-source.ts';

const target = (uri: string, release: string, component = 'main') =>
  [
    'MetaKey: main/binary-amd64/Packages',
    `Component: ${component}`,
    `Release: ${release}`,
    `Repo-URI: ${uri}`,
  ].join('\n');

it('finds the archive and the security archive by the suite', () => {
  const listing = [
    target('https://vendor.example/', 'nodistro'),
    target('http://mirror.example/debian/', 'trixie', 'contrib'),
    target('http://mirror.example/debian/', 'trixie'),
    target('http://mirror.example/security/', 'trixie-security'),
  ].join('\n\n');
  expect(parseIndexTargets(listing, 'trixie')).toEqual({
    archive: 'http://mirror.example/debian/',
    security: 'http://mirror.example/security/',
  });
});

it('takes a mirror that is named by its class, and no CD', () => {
  const listing = [
    target('cdrom:[Debian]/', 'bookworm'),
    target('http://mirror.example/debian/', 'oldstable'),
  ].join('\n\n');
  expect(parseIndexTargets(listing, 'bookworm')).toEqual({
    archive: 'http://mirror.example/debian/',
    security: undefined,
  });
});

it('finds nothing where Debian is not named', () => {
  expect(parseIndexTargets(target('https://vendor.example/', 'any'), 'bookworm')).toBeUndefined();
});
