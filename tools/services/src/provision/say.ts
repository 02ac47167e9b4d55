/** Progress for a waiting person: on stderr, so that the output of a command stays clean. */
export function say(message: string): void {
  process.stderr.write(`[btf-depot] ${message}\n`);
}

/** Bytes for people: `318 MB`, in powers of ten as in package managers. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
