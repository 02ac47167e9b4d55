/** Work by key: callers that ask while it runs share that run, its value and its error. */
export class SingleFlight<Value, Key = void> {
  readonly #work: (key: Key) => Promise<Value>;
  readonly #running = new Map<Key, Promise<Value>>();

  constructor(work: (key: Key) => Promise<Value>) {
    this.#work = work;
  }

  run(key: Key): Promise<Value> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = this.#work(key).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  /** The run that is under way. */
  running(key: Key): Promise<Value> | undefined {
    return this.#running.get(key);
  }
}
