import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StringIds } from './string-ids.ts';

it('gives one number to each content, at whatever offset it stands', () => {
  // Two letters make many equal strings, and asking at every offset asks for suffixes too.
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(texts, (strings) => {
      const text = new TextEncoder().encode(strings.map((string) => `${string}\0`).join(''));
      const ids = new StringIds(text);
      const contents = new Map<number, string>();
      const numbers = new Map<string, number>();
      for (let offset = 0; offset < text.length; offset++) {
        const content = Buffer.from(text.subarray(offset, text.indexOf(0, offset))).toString();
        const id = ids.idOf(offset);
        expect(contents.get(id) ?? content).toBe(content);
        expect(numbers.get(content) ?? id).toBe(id);
        contents.set(id, content);
        numbers.set(content, id);
      }
    }),
  );
});

it('grows with its content', () => {
  const text = new TextEncoder().encode(
    Array.from({ length: 5000 }, (_, i) => `${i.toString(36)}\0`).join(''),
  );
  const ids = new StringIds(text);
  const seen = new Set<number>();
  for (let offset = 0; offset < text.length; offset = text.indexOf(0, offset) + 1) {
    seen.add(ids.idOf(offset));
  }
  expect(seen.size).toBe(5000);
});
