import { expect, test } from 'vitest';
import {
  decodePublicKey,
  decodeSignature,
  encodeMinisig,
  encodePublicKey,
  encodeSignature,
} from './signify.ts';

// Written by signify-openbsd 31 and minisign 0.11.
const SIGNIFY_KEY = `untrusted comment: depot public key
RWQbc/ucwDfJWLr2xJ2mDHqblurjc2e7yYoBXzYlonPC/TtSObRwC1Xj
`;
const SIGNIFY_SIGNATURE = `untrusted comment: verify with k.pub
RWQbc/ucwDfJWCdP0ilLZcCie6BDRUEVXp1vkaebPVF/9OGFuSZkfRs580q3/n1hI2Mn6be+EE0U/O/F0YOgHlQ86KwKOsO/iwU=
`;
const MINISIGN_KEY = `untrusted comment: minisign public key 92458F2D1AE24785
RWSFR+IaLY9FkiM8GagguYCmz3TXPkfIA2SUSWu9T7FYkBmGCIT+Bjfl
`;

test('keys and signatures of signify and minisign are read', () => {
  const key = decodePublicKey(SIGNIFY_KEY);
  expect(key).toMatchObject({ number: '1b73fb9cc037c958' });
  expect(key.bytes).toHaveLength(32);
  expect(decodePublicKey(SIGNIFY_KEY.split('\n')[1])).toEqual(key);
  expect(decodeSignature(SIGNIFY_SIGNATURE).number).toBe(key.number);
  // minisign shows the number's bytes the other way round.
  expect(decodePublicKey(MINISIGN_KEY).number).toBe('8547e21a2d8f4592');
});

test('what is written is what was read', () => {
  const key = decodePublicKey(SIGNIFY_KEY);
  expect(encodePublicKey(key).split('\n')[1]).toBe(SIGNIFY_KEY.split('\n')[1]);
  const signature = decodeSignature(SIGNIFY_SIGNATURE);
  expect(encodeSignature(signature, 'verify with k.pub')).toBe(SIGNIFY_SIGNATURE);
  const minisig = encodeMinisig(signature, 'a', 'b', signature.bytes);
  expect(minisig.split('\n').map((line) => line.slice(0, 18))).toEqual([
    'untrusted comment:',
    'RWQbc/ucwDfJWCdP0i',
    'trusted comment: b',
    'J0/SKUtlwKJ7oENFQR',
    '',
  ]);
  expect(decodeSignature(minisig)).toEqual(signature);
});

test.each([
  '',
  'RWQ=',
  '\u0000',
  'untrusted comment: x',
  SIGNIFY_SIGNATURE,
  'RUQ' + 'A'.repeat(53),
])('no public key: %j', (text) => {
  expect(() => decodePublicKey(text)).toThrow(expect.objectContaining({ code: 'bad-key' }));
});
