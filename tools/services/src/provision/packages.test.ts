import { expect, it } from 'vitest';
import { parsePrintedUris } from './packages.ts';

it('reads packages among the other lines that apt prints', () => {
  const hash = 'a'.repeat(64);
  const listing = `Reading package lists...
The following NEW packages will be installed:
  zlib1g
'http://m.example/z_1.3%2breally.deb' zlib1g_1%3a1.3+really_amd64.deb 88720 SHA256:${hash}
`;
  expect(parsePrintedUris(listing)).toEqual([
    {
      name: 'zlib1g',
      uri: 'http://m.example/z_1.3%2breally.deb',
      file: 'zlib1g_1%3a1.3+really_amd64.deb',
      size: 88720,
      sha256: hash,
    },
  ]);
});

it('takes no package that has no SHA-256', () => {
  expect(parsePrintedUris("'http://m.example/a.deb' a_1_all.deb 1 MD5Sum:00\n")).toEqual([]);
});
