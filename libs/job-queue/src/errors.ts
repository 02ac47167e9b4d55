/** The queue cannot be reached, or does not answer in time. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
  readonly code = 'queue-unavailable';
}
