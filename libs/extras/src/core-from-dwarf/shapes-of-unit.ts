/** The shapes of a unit, each once. */
export class ShapesOfUnit {
  list: number[] = [];
  /** The last unit that had the shape, by shape. */
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
