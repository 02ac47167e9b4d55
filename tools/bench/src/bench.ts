export interface BenchOptions {
  /** One short round, only to see that it runs. */
  quick: boolean;
}

/** One of our measurements, beside the peer's if there is one. */
export interface Row {
  what: string;
  unit: string;
  ours: number;
  peer?: { name: string; value: number };
  /** Ours divided by the peer's; the unit tells which direction is better. */
  ratio?: number;
  goal?: string | undefined;
}

export interface BenchResult {
  /** Input and rounds. */
  on: string;
  rows: Row[];
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** The middle value; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
