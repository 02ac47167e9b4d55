/** Settings of the tests themselves; all others are of whoever runs them, for a depot of theirs. */
const OF_TESTS = [
  'ALERTS',
  'BROWSER',
  'CACHE',
  'COMPRESSORS',
  'ENCODE',
  'INLINES',
  'LAB',
  'SCREENSHOTS',
  'STORES',
];
const KEPT = new Set(OF_TESTS.map((name) => `BTFDEPOT_${name}`));

/**
 * Leaves out of an environment what would lead a test, or a process that it starts, to another
 * depot than its own. A proxy stays, for what is fetched from elsewhere, but not on the way to us.
 */
export function dropSettings(environment: Record<string, string | undefined>): void {
  for (const name of Object.keys(environment)) {
    const isSetting = name.startsWith('BTFDEPOT_') && !KEPT.has(name);
    if (isSetting) Reflect.deleteProperty(environment, name);
  }
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const others = (environment[name] ?? '').split(',').filter((host) => host !== '');
    environment[name] = [...new Set([...others, '127.0.0.1', 'localhost'])].join(',');
  }
}
