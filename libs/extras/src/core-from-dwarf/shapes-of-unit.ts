/** The shapes that a unit has, each once. */
export class ShapesOfUnit {
  list: number[] = [];
  /** The unit that had a shape last, by shape. */
  readonly #seen: number[] = [];
  #unit = 0;

  begin(): void {
    this.list = [];
    this.#unit++;
  }

  add(shape: number): void {
    if (this.#seen[shape] === this.#unit) return;
    this.#seen[shape] = this.#unit;
    this.list.push(shape);
  }
}
