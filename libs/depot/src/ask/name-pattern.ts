/** Longer names match no pattern: no kernel has them. */
const MAX_LENGTH = 512;

/**
 * A name with `*` for any characters and `?` for one, as in shells. Not a regular expression: the
 * cost for one name is at most the length of the pattern times that of the name.
 */
export class NamePattern {
  /** Prefix of every matching name. */
  readonly prefix: string;
  readonly #pattern: string;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.prefix = pattern.replace(/[*?][^]*$/, '');
  }

  fits(name: string): boolean {
    if (name.length > MAX_LENGTH) return false;
    const pattern = this.#pattern;
    let at = 0;
    let read = 0;
    // After the last `*`: the place in the pattern to resume at, and the position in the name.
    let star = -1;
    let tried = 0;
    while (read < name.length) {
      if (pattern[at] === '*') {
        star = ++at;
        tried = read;
      } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[read])) {
        at++;
        read++;
      } else if (star >= 0) {
        at = star;
        read = ++tried;
      } else return false;
    }
    while (pattern[at] === '*') at++;
    return at === pattern.length;
  }
}
