import manifest from '../package.json' with { type: 'json' };

/** Version of the whole project: all its packages share it. */
export const VERSION = manifest.version;
