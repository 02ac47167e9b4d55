import { allowedHosts } from '../http/foreign-pages.ts';
import {
  addressList,
  hostPorts,
  httpUrl,
  oneOf,
  path,
  redisUrl,
  seconds,
  setting,
  someSeconds,
  someText,
  text,
  wholeNumber,
  type Settings,
} from './declare.ts';
import { storeKeys } from './store-keys.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** @param level by default. */
export const logSettings = (level: (typeof LOG_LEVELS)[number]) => ({
  BTFDEPOT_LOG_LEVEL: setting(oneOf(...LOG_LEVELS), level, 'Least severe entries of the log.'),
});

/** Settings of every service. */
export const commonSettings = {
  BTFDEPOT_HOST: setting(text, '127.0.0.1', 'Address to listen on.'),
  BTFDEPOT_PORT: setting(wholeNumber(0, 65535), '8080', 'Port to listen on; 0 takes a free one.'),
  ...logSettings('info'),
  BTFDEPOT_ADMIN_PORT: setting(
    wholeNumber(0, 65535).optional(),
    undefined,
    'Port for operators: `/metrics` for Prometheus, `/queue` of the compressor.',
  ),
  BTFDEPOT_ADMIN_HOST: setting(
    text,
    '127.0.0.1',
    'Address of that port; one that other machines reach needs `BTFDEPOT_ADMIN_TOKEN`.',
  ),
  BTFDEPOT_ADMIN_TOKEN: setting(
    someText(16).optional(),
    undefined,
    'Token that requests to that port need: `Authorization: Bearer TOKEN`.',
  ),
};

/** Settings of services with clients other than their operator. */
export const publicSettings = {
  BTFDEPOT_TRUSTED_PROXIES: setting(
    addressList,
    '',
    'Proxies whose `X-Forwarded-For` is believed: addresses, networks or `loopback`.',
  ),
  BTFDEPOT_ALLOWED_HOSTS: setting(
    allowedHosts,
    '',
    'Further names under which browsers reach the service, such as `depot.example:8443`.',
  ),
};

/** The folder of an embedded depot's store, and of a service that stages uploads. */
export const dataSettings = {
  BTFDEPOT_DATA: setting(path, 'data', 'Folder for staged uploads; embedded: for everything.'),
};

/** The store of a distributed depot: MinIO, or any S3 server with conditional writes. */
export const storeSettings = {
  BTFDEPOT_S3_ENDPOINT: setting(httpUrl, 'http://127.0.0.1:9000', 'The S3 server.'),
  BTFDEPOT_S3_BUCKET: setting(someText(3), 'btf-depot', 'Its bucket; made if missing.'),
  BTFDEPOT_S3_ACCESS_KEY: setting(text, undefined, 'Access key of the S3 server.'),
  BTFDEPOT_S3_SECRET_KEY: setting(text, undefined, 'Secret key of the S3 server.'),
  BTFDEPOT_S3_SILENCE: setting(
    someSeconds,
    '5',
    'Silence of the S3 server after which a read of it fails; a write may take half a minute.',
  ),
};

/**
 * As the store's adapter takes it.
 * @param environment may name files that have the keys.
 */
export function storeAddress(
  settings: Settings<typeof storeSettings>,
  environment: Record<string, string | undefined> = process.env,
) {
  const keys = {
    accessKey: settings.BTFDEPOT_S3_ACCESS_KEY,
    secretKey: settings.BTFDEPOT_S3_SECRET_KEY,
  };
  return {
    endpoint: settings.BTFDEPOT_S3_ENDPOINT,
    bucket: settings.BTFDEPOT_S3_BUCKET,
    ...keys,
    readKeys: storeKeys(keys, environment),
    silenceMs: settings.BTFDEPOT_S3_SILENCE,
  };
}

/** Its queue. */
export const queueSettings = {
  BTFDEPOT_REDIS_URL: setting(redisUrl, 'redis://127.0.0.1:6379', 'The Redis that has the queue.'),
  BTFDEPOT_REDIS_SENTINELS: setting(
    hostPorts,
    '',
    'Sentinels that name the Redis server; the host of `BTFDEPOT_REDIS_URL` is ignored then.',
  ),
  BTFDEPOT_REDIS_MASTER: setting(text, 'mymaster', 'Name of the Redis server at the Sentinels.'),
  BTFDEPOT_REDIS_SENTINEL_PASSWORD: setting(
    text.optional(),
    undefined,
    'Password of the Sentinels; that of Redis is in `BTFDEPOT_REDIS_URL`.',
  ),
};

/** In the form of the queue's adapter. */
export function queueAddress(settings: Settings<typeof queueSettings>) {
  return {
    url: settings.BTFDEPOT_REDIS_URL,
    sentinels: settings.BTFDEPOT_REDIS_SENTINELS,
    master: settings.BTFDEPOT_REDIS_MASTER,
    sentinelPassword: settings.BTFDEPOT_REDIS_SENTINEL_PASSWORD,
  };
}

/** How failed jobs are retried. */
export const retrySettings = {
  BTFDEPOT_JOB_ATTEMPTS: setting(
    wholeNumber(1, 100),
    '5',
    'After this many failed attempts the kernel is `failed`.',
  ),
  BTFDEPOT_JOB_BACKOFF: setting(
    seconds,
    '2',
    'Wait before the second attempt; each later wait is twice as long.',
  ),
};

/** In the form of the queue's adapters. */
export function retryRules(settings: Settings<typeof retrySettings>) {
  return { attempts: settings.BTFDEPOT_JOB_ATTEMPTS, backoffMs: settings.BTFDEPOT_JOB_BACKOFF };
}
