import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrange } from './arrange.ts';
import type { Variable } from './variables.ts';

/** Up to 40 variables in a small space, so that many overlap or are equal. */
const crowds = fc
  .array(
    fc.record({ offset: fc.nat(60), size: fc.nat(12), name: fc.constantFrom('a', 'b', 'c') }),
    {
      maxLength: 40,
    },
  )
  .map((list) =>
    list.map(({ offset, size, name }, index): Variable => {
      const place = { section: offset % 2 === 0 ? '.data' : '.bss', offset, size };
      return { id: index + 1, name, type: size % 3, linkage: 0, place };
    }),
  );

it('lists variables in ascending order, apart from each other, and loses none', () => {
  fc.assert(
    fc.property(crowds, (crowd) => {
      const { sections, outside, sameAs } = arrange(crowd);
      const listed = sections.flatMap(({ variables }) => variables);
      for (const { variables, size } of sections) {
        let end = 0;
        for (const { place } of variables) {
          expect(place.offset).toBeGreaterThanOrEqual(end);
          expect(place.size).toBeGreaterThan(0);
          end = place.offset + place.size;
        }
        expect(size).toBe(end);
      }
      expect(listed.length + outside.length + sameAs.size).toBe(crowd.length);
    }),
  );
});

it('leaves out what overlaps something that is listed and at least as long, and nothing else', () => {
  fc.assert(
    fc.property(crowds, (crowd) => {
      const { sections, outside } = arrange(crowd);
      for (const { place } of outside) {
        if (!place || place.size === 0) continue;
        const section = sections.find(({ name }) => name === place.section);
        const longer = section?.variables.some(
          ({ place: other }) =>
            other.size >= place.size &&
            other.offset < place.offset + place.size &&
            place.offset < other.offset + other.size,
        );
        expect(longer).toBe(true);
      }
    }),
  );
});

it('does not depend on the order of its input', () => {
  const lines = (variables: readonly Variable[]): string[] => {
    const { sections, outside } = arrange(variables);
    return [...sections.flatMap((section) => section.variables), ...outside].map(
      ({ name, type, place }) =>
        `${place?.section} ${place?.offset} ${place?.size} ${name} ${type}`,
    );
  };
  const shuffled = crowds.chain((crowd) =>
    fc.tuple(fc.constant(crowd), fc.shuffledSubarray(crowd, { minLength: crowd.length })),
  );
  fc.assert(
    fc.property(shuffled, ([crowd, other]) => {
      expect(lines(other)).toEqual(lines(crowd));
    }),
  );
});

it('ends quickly where everything overlaps', () => {
  const crowd = Array.from({ length: 200_000 }, (_, index): Variable => {
    const place = { section: '.data', offset: index, size: 1 + (index % 1000) };
    return { id: index + 1, name: `v${index}`, type: 1, linkage: 0, place };
  });
  const { sections, outside } = arrange(crowd);
  expect((sections[0]?.variables.length ?? 0) + outside.length).toBe(200_000);
});
