import type { KernelRecord } from './record.ts';

type Encoded = KernelRecord['core']['encoded'] & object;

/** Why functions are not in a core that was made of DWARF: `coverage.functions`, in words. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  noSymbol: 'that have no symbol',
  unnamed: 'without a name',
  unnamedParameter: 'with a parameter without a name',
  unexpectedRegister: 'with a parameter in an unexpected register',
  inconsistent: 'that units declare differently',
};

/** How many entries of functions each rule left out, the most first; a newer rule by its code. */
export function encodedLeftOut({ coverage }: Encoded): [why: string, count: number][] {
  const functions = coverage?.functions;
  if (typeof functions !== 'object' || functions === null) return [];
  return Object.entries(functions)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0)
    .filter(([rule]) => rule !== 'seen' && rule !== 'taken')
    .map(([rule, count]): [string, number] => [LEFT_OUT[rule] ?? rule, count])
    .sort(([, a], [, b]) => b - a);
}
