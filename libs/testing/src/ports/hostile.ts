/** Names that must never become part of a path or key. */
export const HOSTILE_NAMES = [
  '',
  '.',
  '..',
  '../../etc/passwd',
  '../'.repeat(20),
  'ab/../../cd',
  '/etc/passwd',
  'ab\u0000cd',
  '%2e%2e%2f',
  'ABCDEF0123456789ABCDEF0123456789ABCDEF01',
  'abcdef0123456789\n',
  'abcdef0123456789abcdef0123456789abcdef0g',
];
