/** Wrong use of the command that its arguments' own rules do not detect. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
