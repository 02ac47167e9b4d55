/** The queue cannot be reached, or does not answer in time. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
  readonly code = 'queue-unavailable';
}

/** This server can never hold the queue. */
export class UnfitQueue extends Error {
  override readonly name = 'UnfitQueue';
}
