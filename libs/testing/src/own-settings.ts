/** Settings of the tests themselves; all others belong to a depot of the person who runs them. */
const OF_TESTS = [
  'ALERTS',
  'BROWSER',
  'CACHE',
  'COMPRESSORS',
  'ENCODE',
  'INLINES',
  'LAB',
  'NODES',
  'SCREENSHOTS',
  'STORES',
];
const KEPT = new Set(OF_TESTS.map((name) => `BTFDEPOT_${name}`));

/**
 * Removes variables that would lead a test, or its processes, to another depot. A proxy stays for
 * downloads, but not for our own servers.
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
