export interface BenchOptions {
  /** One short round, for machines that only want to know that it runs. */
  quick: boolean;
}

/** One measurement of ours, beside the peer's where there is one. */
export interface Row {
  what: string;
  unit: string;
  ours: number;
  peer?: { name: string; value: number };
  /** Ours divided by the peer's; what is better follows from the unit. */
  ratio?: number;
  goal?: string | undefined;
}

export interface BenchResult {
  /** What was measured on: input, rounds. */
  on: string;
  rows: Row[];
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** The middle value; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
