/** The command was used wrongly, in a way that its arguments' own rules do not see. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
