import { resolve } from 'node:path';
import {
  kindOf,
  byteSize,
  oneOf,
  seconds,
  setting,
  wholeNumber,
  type Settings,
} from '@btf-depot/service-kit';
import {
  parseUpstreams,
  UPSTREAM_LIMITS,
  type Trust,
  type UpstreamLimits,
} from '@btf-depot/upstreams';
import { z } from 'zod';

const upstreams = kindOf(
  'kinds and places, `,` between them',
  z.string().transform((text, context) => {
    try {
      return parseUpstreams(text);
    } catch (error) {
      context.addIssue((error as Error).message);
      return z.NEVER;
    }
  }),
);

const paths = kindOf(
  'paths, `,` between them',
  z.string().transform((text) =>
    text
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== ''),
  ),
);

/** What is fetched of others when it is asked for and nobody sent it. */
export const pullSettings = {
  BTFDEPOT_UPSTREAMS: setting(
    upstreams,
    '',
    'Upstreams for missing kernels, asked in this order: ' +
      '`debuginfod https://…`, `depot https://…`, `packages https://…`, `files /srv/kernels`.',
  ),
  BTFDEPOT_UPSTREAM_PRIVATE: setting(
    oneOf('yes', 'no'),
    'no',
    'Whether an upstream may redirect to an address that is not public.',
  ),
  BTFDEPOT_UPSTREAM_KEYRINGS: setting(
    paths,
    '',
    'Keyrings that check the signatures of `packages`; by default those of apt and rpm.',
  ),
  BTFDEPOT_UPSTREAM_KEYS: setting(
    paths,
    '',
    'Public keys: one of them must have signed what a `depot` offers. Its signatures are kept.',
  ),
  BTFDEPOT_UPSTREAM_UNSIGNED: setting(
    oneOf('yes', 'no'),
    'no',
    'Whether `packages` may be an archive without a valid signature, or with expired lists.',
  ),
  BTFDEPOT_UPSTREAM_TIME: setting(
    seconds,
    String(UPSTREAM_LIMITS.answerMs / 1000),
    'Time of an upstream until it begins to answer.',
  ),
  BTFDEPOT_PULL_LIMIT: setting(byteSize, '2g', 'The largest file that is fetched.'),
  BTFDEPOT_PULL_TIME: setting(
    seconds,
    '3600',
    'Time for fetching a kernel from one upstream, all its files together.',
  ),
  BTFDEPOT_PULLED_SPACE: setting(
    byteSize,
    '10g',
    'Space in the store for kernels that were fetched; above it, the least recently ' +
      'requested ones are withdrawn. Uploaded and imported kernels do not count.',
  ),
  BTFDEPOT_PULLS: setting(
    wholeNumber(1, 100),
    '2',
    'Kernels that this process fetches at one time.',
  ),
};

export function upstreamLimits(
  settings: Settings<typeof pullSettings> & {
    BTFDEPOT_UPLOAD_PERIOD: number;
    BTFDEPOT_UPLOAD_LEAST: number;
  },
): UpstreamLimits {
  return {
    ...UPSTREAM_LIMITS,
    maxBytes: settings.BTFDEPOT_PULL_LIMIT,
    answerMs: settings.BTFDEPOT_UPSTREAM_TIME,
    periodMs: settings.BTFDEPOT_UPLOAD_PERIOD,
    leastBytes: settings.BTFDEPOT_UPLOAD_LEAST,
    allowPrivate: settings.BTFDEPOT_UPSTREAM_PRIVATE === 'yes',
  };
}

export function upstreamTrust(settings: Settings<typeof pullSettings>): Trust {
  const keyrings = settings.BTFDEPOT_UPSTREAM_KEYRINGS;
  return {
    keyrings: keyrings.length > 0 ? keyrings.map((path) => resolve(path)) : undefined,
    unsigned: settings.BTFDEPOT_UPSTREAM_UNSIGNED === 'yes',
  };
}
