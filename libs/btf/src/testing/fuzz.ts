import { FormatError } from '@btf-depot/bytes';
import { printHeader } from '../c/print-header.ts';
import { printDeclaration } from '../c/print-declaration.ts';
import { printVariable } from '../c/print-variable.ts';
import { decodeBtf } from '../model/decode.ts';
import { encodeBtf } from '../model/encode.ts';
import { compareTypes } from '../operations/compare.ts';
import { dedupBtf } from '../operations/dedup/dedup.ts';
import { distillBtf } from '../operations/distilled/distill.ts';
import { relocateBtf } from '../operations/distilled/relocate.ts';
import { lowerBtf } from '../operations/lower.ts';
import { mergeBtf } from '../operations/merge.ts';
import { tailorBtf } from '../operations/tailor.ts';
import { dumpJson } from '../text/dump-json.ts';
import { dumpRaw } from '../text/dump-raw.ts';
import { verifyBtf } from '../verify/verify.ts';
import type { Btf } from '../wire/btf.ts';
import { parseBtf } from '../wire/parse.ts';
import { reachable } from '../wire/references.ts';
import { referrers } from '../wire/referrers.ts';
import { everyKind, seededBtf } from './generate.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

export interface FuzzOptions {
  /** Run n has seed `seed` + n, so that one failing run can be repeated alone. */
  readonly seed: number;
  readonly runs: number;
  /** Real split BTF to mutate instead of generated ones, with its base. */
  readonly corpus?: readonly Uint8Array[];
  readonly base?: Btf;
}

export interface FuzzReport {
  readonly runs: number;
  /** Mutations that were read. */
  readonly values: number;
  /** Mutations, and operations on those that were read, that ended in our own error. */
  readonly errors: number;
  /** Milliseconds of the longest run. */
  readonly slowest: { readonly seed: number; readonly milliseconds: number };
}

/** Most characters that printing may make of one mutation. */
const TEXT_LIMIT = 256 * 1024;

/**
 * Mutates BTF and runs everything on what can be read of it. Throws an Error with the seed at the
 * first exception that is not a FormatError.
 */
export function fuzz({ seed, runs, corpus, base = seededBtf(1) }: FuzzOptions): FuzzReport {
  let [values, errors] = [0, 0];
  let slowest = { seed, milliseconds: 0 };
  for (let run = seed; run < seed + runs; run++) {
    const random = new Random(run);
    const split = corpus !== undefined || random.next(3) === 0;
    const source = corpus ? random.pick(corpus) : generated(random, split ? base : undefined);
    const bytes = mutate(source, random);
    const start = performance.now();
    const attempt = (what: string, action: () => unknown): boolean => {
      try {
        action();
        return true;
      } catch (error) {
        if (!(error instanceof FormatError))
          throw new Error(`seed ${run}: ${what}`, { cause: error });
        errors++;
        return false;
      }
    };
    let btf: Btf | undefined;
    attempt('parse', () => (btf = parseBtf(bytes, split ? { base } : {})));
    attempt('verify', () =>
      verifyBtf(bytes, { checks: 'load', faults: Infinity, base: split ? base : undefined }),
    );
    if (btf) {
      values++;
      everything(btf, random, attempt);
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > slowest.milliseconds) slowest = { seed: run, milliseconds };
  }
  return { runs, values, errors, slowest };
}

function generated(random: Random, base: Btf | undefined): Uint8Array {
  if (!base && random.next(3) === 0) return everyKind().finish();
  return seededBtf(random.next(50), base).bytes;
}

function everything(
  btf: Btf,
  random: Random,
  attempt: (what: string, action: () => unknown) => boolean,
): void {
  const id = random.next(btf.endId);
  const other = random.next(btf.endId);
  attempt('raw', () => dumpRaw(btf));
  attempt('json', () => JSON.parse([...dumpJson(btf)].join('')) as unknown);
  attempt('header', () => [...printHeader(btf, { limit: TEXT_LIMIT })]);
  attempt('variable', () => printVariable(btf, id, { limit: TEXT_LIMIT }));
  attempt('declaration', () => printDeclaration(btf, id, { limit: TEXT_LIMIT }));
  attempt('model', () => parseBtf(encodeBtf(decodeBtf(btf)), btf.base ? { base: btf.base } : {}));
  attempt('dedup', () => parseBtf(dedupBtf(btf), btf.base ? { base: btf.base } : {}));
  attempt('lower', () => lowerBtf(btf, { major: 5, minor: 4 }));
  attempt('merge', () => parseBtf(mergeBtf(btf)));
  attempt('distill', () => distillBtf(btf));
  attempt('relocate', () => relocateBtf(btf, btf.base?.base ?? seededBtf(random.next(50))));
  attempt('compare', () => compareTypes(btf, id, btf, other));
  attempt('tailor', () => tailorBtf(btf, [{ btf, ext: btf.bytes }]));
  attempt('walk', () => [reachable(btf, [id]), referrers(btf).of(id), btf.find(btf.name(id))]);
}
