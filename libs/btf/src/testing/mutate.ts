import type { Random } from './random.ts';

/** Words for forged lengths, ids and offsets. */
const INTERESTING = [
  0, 1, 2, 3, 0x7f, 0xff, 0xffff, 0x10000, 0xfffff, 0xffffff, 0x7fffffff, 0xffffffff,
];

/**
 * A copy of BTF bytes with damage as by attackers and broken disks: bits flipped, words forged,
 * words swapped, ranges zeroed, copied or cut. It targets little-endian words.
 */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  // Not slice(): of a Buffer that would be a view, and the corpus would change.
  let copy = new Uint8Array(bytes);
  for (let times = 1 + random.next(4); times > 0 && copy.length > 0; times--) {
    const at = random.next(copy.length);
    const word = Math.min(at & ~3, Math.max(0, copy.length - 4));
    const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
    switch (random.next(8)) {
      case 0:
        copy[at] ^= 1 << random.next(8);
        break;
      case 1:
        copy[at] = random.next(256);
        break;
      case 2:
        if (copy.length >= 4) view.setUint32(word, random.pick(INTERESTING), true);
        break;
      case 3:
        // A small number: an existing id or string offset, so that structure changes.
        if (copy.length >= 4) view.setUint32(word, random.next(200), true);
        break;
      case 4: {
        // The kind in a possible info word, or its vlen.
        if (copy.length < 4) break;
        const info = view.getUint32(word, true);
        const forged =
          random.next(2) === 0 ? (info & 0x80ffffff) | (random.next(24) << 24) : info + 1;
        view.setUint32(word, forged >>> 0, true);
        break;
      }
      case 5:
        copy.fill(0, at, at + random.next(16));
        break;
      case 6:
        copy.copyWithin(at, random.next(copy.length), random.next(copy.length));
        break;
      default:
        if (random.next(8) === 0) copy = copy.slice(0, at);
        // The header, which decides where everything is.
        else if (random.next(4) === 0)
          copy[random.next(Math.min(32, copy.length))] = random.next(256);
    }
  }
  return copy;
}
