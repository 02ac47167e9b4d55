import { infoKind, Kind, packInfo, type Btf } from '@btf-depot/btf';

/**
 * Features that an encoder writes only on request (pahole's --btf_features). The same C type looks
 * different with and without them, and a kernel's build requests more than `global_var` alone.
 */
export interface EncoderFeatures {
  /**
   * Enums wider than 32 bits as ENUM64, and the sign of enums in kflag. Without: ENUM, truncated.
   */
  readonly enum64: boolean;
  /** Floating point as FLOAT. Without: INT, without encoding bits. */
  readonly float: boolean;
}

/** The features that a BTF uses. */
export function featuresOf(btf: Btf): EncoderFeatures {
  let enum64 = false;
  let float = false;
  for (const at of btf.positions) {
    const info = btf.words[at + 1];
    const kind = infoKind(info);
    enum64 ||= kind === Kind.ENUM64 || (kind === Kind.ENUM && info >>> 31 === 1);
    float ||= kind === Kind.FLOAT;
  }
  return { enum64, float };
}

/** The features that exactly one of the two uses: they say nothing about the types. */
export function disagreement(a: EncoderFeatures, b: EncoderFeatures): EncoderFeatures {
  return { enum64: a.enum64 !== b.enum64, float: a.float !== b.float };
}

/**
 * Rewrites the type of `length` words at `at` in place, as an encoder without these features would
 * write it. Returns the new length: never longer, except by one word for a FLOAT.
 */
export function withoutFeatures(
  words: Uint32Array,
  at: number,
  length: number,
  { enum64, float }: EncoderFeatures,
): number {
  const info = words[at + 1];
  const kind = infoKind(info);
  if (enum64 && kind === Kind.ENUM) {
    words[at + 1] = info & 0x7fffffff;
  } else if (enum64 && kind === Kind.ENUM64) {
    const vlen = info & 0xffffff;
    words[at + 1] = packInfo(Kind.ENUM, vlen, false);
    for (let value = 0; value < vlen; value++) {
      words[at + 3 + value * 2] = words[at + 3 + value * 3];
      words[at + 4 + value * 2] = words[at + 4 + value * 3];
    }
    return 3 + vlen * 2;
  } else if (float && kind === Kind.FLOAT) {
    words[at + 1] = packInfo(Kind.INT, 0, false);
    words[at + 3] = words[at + 2] * 8;
    return 4;
  }
  return length;
}
