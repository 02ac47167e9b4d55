import { expect, it } from 'vitest';
import { hasEnded, initScript, readResults } from './script.ts';

const step = (name: string, between = '') =>
  `@@lab begin ${name} 3\r\nAAAA\r\n${between}BBBB\r\n@@lab log\r\nCC==\r\n@@lab end ${name}\r\n`;

it('finds results among what firmware and kernel print', () => {
  const console = `SeaBIOS\r\n${step('one')}[ 1.0] tsc: calibrated\r\n${step('two')}@@lab done\r\n`;
  expect(readResults(console)).toEqual([
    { name: 'one', status: 3, output: 'AAAABBBB', kernelLog: 'CC==' },
    { name: 'two', status: 3, output: 'AAAABBBB', kernelLog: 'CC==' },
  ]);
  expect(hasEnded(console)).toBe(true);
});

it('passes over lines of the kernel within a result', () => {
  const [result] = readResults(step('one', '[  2.5] Oops: 0000 [#1]\r\n'));
  expect(result?.output).toBe('AAAABBBB');
});

it('has no result of a step that did not end', () => {
  const cut = step('one') + step('two').slice(0, -20);
  expect(readResults(cut).map(({ name }) => name)).toEqual(['one']);
  expect(hasEnded(cut)).toBe(false);
});

it('runs the steps in order, then powers off after the output', () => {
  const script = initScript([
    { name: 'b', run: 'true' },
    { name: 'a', run: 'false' },
  ]);
  expect(script).toMatch(/step b\n.*step a\n.*done'\nstty sane\npoweroff -f\n$/);
});
