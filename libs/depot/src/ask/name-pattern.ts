/** Names longer than this fit no pattern: they are no kernel's. */
const MAX_LENGTH = 512;

/**
 * A name with `*` for any characters and `?` for one, as shells have them. No regular expression:
 * one name costs at most as many steps as pattern and name have characters, multiplied.
 */
export class NamePattern {
  /** What every name that fits begins with. */
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
    // Behind the last `*`: where the pattern goes on, and how far the name was read for it.
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
