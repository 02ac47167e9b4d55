import manifest from '../package.json' with { type: 'json' };

/** Of the whole project: its packages have one version. */
export const VERSION = manifest.version;
