import { encodedLeftOut, type KernelRecord } from '@btf-depot/contracts';
import { bars, shares, type Share } from '../charts.ts';
import { h, section, shown, type Child } from '../dom.ts';
import {
  KSYM_REASONS,
  LOCATION_KINDS,
  UNAVAILABLE,
  VARIABLE_ORIGINS,
  VARIABLE_RULES,
  wordsFor,
} from './words.ts';

/** How complete the result is, and what was left out, with the record's counts. */
export function coverageSections(record: KernelRecord): Child[] {
  return [functionCoverage(record), variableCoverage(record), inlineCoverage(record)];
}

/** For an encoded core: missing functions, by rule. */
function functionCoverage({ core: { encoded } }: KernelRecord): Child {
  const functions = encoded?.coverage?.functions;
  if (!encoded || typeof functions !== 'object' || functions === null) return undefined;
  const taken = numberOf({ ...functions }, 'taken');
  const left = encodedLeftOut(encoded).map(([label, value]) => ({ label, value }));
  return section(
    'Functions',
    h(
      'div',
      { class: 'plots' },
      bars(`By the rules of pahole ${encoded.rules}`, [{ label: 'taken', value: taken }, ...left]),
    ),
  );
}

function variableCoverage({ parts: { vars, ksyms } }: KernelRecord): Child {
  if (!vars) return undefined;
  const { coverage } = vars;
  const plots: Child[] = [];
  if (ksyms) {
    const leftOut = counts(ksyms.leftOut).map(([reason, value]) => ({
      label: wordsFor(KSYM_REASONS, reason),
      value,
    }));
    const left = leftOut.reduce((sum, { value }) => sum + value, 0);
    plots.push(
      shares('Variables that BPF programs can name (ksyms)', [
        { label: 'ksyms', value: ksyms.variables },
        { label: 'left out', value: left, isMissing: true },
      ]),
      leftOut.length > 0 && bars('Left out of ksyms, by reason', leftOut),
    );
  }
  const origins = counts(coverage?.origins);
  if (origins.some(([, value]) => value > 0)) {
    plots.push(shares('Variables, by source', labelled(origins, VARIABLE_ORIGINS)));
  }
  const rules = counts(coverage?.leftOut);
  if (coverage && rules.length > 0) {
    plots.push(
      bars('Entries of DWARF', [
        { label: 'taken', value: numberOf(coverage, 'taken') },
        ...labelled(rules, VARIABLE_RULES),
      ]),
    );
  }
  return plots.length > 0 && section('Variables', h('div', { class: 'plots' }, ...shown(plots)));
}

function inlineCoverage({ parts: { inlines } }: KernelRecord): Child {
  const coverage = inlines?.coverage;
  if (!coverage) return undefined;
  const located = counts(coverage.located);
  const unavailable = counts(coverage.unavailable);
  const sum = (entries: Entries) => entries.reduce((total, [, value]) => total + value, 0);
  return section(
    'Inlined calls',
    h(
      'div',
      { class: 'plots' },
      shares('Sites, by their parameters', [
        { label: 'complete', value: numberOf(coverage, 'complete') },
        { label: 'partial', value: numberOf(coverage, 'partial') },
        { label: 'no parameters', value: numberOf(coverage, 'noParameters') },
        { label: 'without', value: numberOf(coverage, 'without'), isMissing: true },
      ]),
      shares('Parameters, by where they are', [
        ...located.map(([kind, value]) => ({ label: wordsFor(LOCATION_KINDS, kind), value })),
        { label: 'not available', value: sum(unavailable), isMissing: true },
      ]),
      unavailable.length > 0 &&
        bars('Not available, by reason', labelled(unavailable, UNAVAILABLE)),
    ),
  );
}

type Entries = readonly (readonly [name: string, value: number])[];

function labelled(entries: Entries, words: Readonly<Record<string, string>>): Share[] {
  return entries.map(([name, value]) => ({ label: wordsFor(words, name), value }));
}

/** Counts of the record that its schema leaves open, the largest first. */
function counts(value: unknown): Entries {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0)
    .sort(([, a], [, b]) => b - a);
}

function numberOf(coverage: Readonly<Record<string, unknown>>, name: string): number {
  const value = coverage[name];
  return typeof value === 'number' ? value : 0;
}
