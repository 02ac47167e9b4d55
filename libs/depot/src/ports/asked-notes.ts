/**
 * Notes of readers on kernels that were fetched from upstreams: when each was last asked for. They
 * can be lost: then a kernel counts as asked for when it came.
 */
export interface AskedNotes {
  /** Resolves once the note has the present time. */
  add(buildId: string): Promise<void>;
  list(): AsyncIterable<{ buildId: string; at: Date }>;
  remove(buildId: string): Promise<void>;
}
