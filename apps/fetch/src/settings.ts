import {
  byteSize,
  commonSettings,
  httpUrl,
  leavingSettings,
  publicKeySettings,
  publicSettings,
  queueSettings,
  redisUrl,
  seconds,
  setting,
  storeSettings,
  tokenSettings,
  wholeNumber,
  type Settings,
} from '@btf-depot/service-kit';

/** Settings of fetching, shared by the service and the embedded depot. */
export const fetchSettings = {
  BTFDEPOT_HOT_BLOBS: setting(byteSize, '256m', 'Memory for blobs that are asked for repeatedly.'),
  BTFDEPOT_OPEN_KERNELS: setting(
    byteSize,
    '256m',
    'Memory for open kernels; the latest one stays in any case.',
  ),
  BTFDEPOT_HOT_ANSWERS: setting(
    byteSize,
    '128m',
    'Memory for computed answers: variables, merged BTF.',
  ),
  BTFDEPOT_ANSWER_SIZE: setting(
    byteSize,
    '4m',
    'Size of one computed answer; the next page has the rest.',
  ),
  BTFDEPOT_ANSWER_TIME: setting(
    seconds,
    '1',
    'Processor time of one computed answer; the next page has the rest.',
  ),
  BTFDEPOT_QUESTION_TIME: setting(
    seconds,
    '10',
    'Processor time to open a kernel or to answer a question without pages, else 422.',
  ),
  BTFDEPOT_QUESTION_MEMORY: setting(
    byteSize,
    '512m',
    'Heap of the thread that computes answers; a question that fills it is refused, 422.',
  ),
  BTFDEPOT_CLIENT_BUDGET: setting(
    wholeNumber(0, 1_000_000),
    '6000',
    'Budget of a client for computed answers in a minute, else 429; 0: no limit. A variable costs 1, ' +
      'a page 10, each millisecond of the processor 1.',
  ),
  BTFDEPOT_PULL_BUDGET: setting(
    wholeNumber(0, 1_000_000),
    '20',
    'Kernels that a client may have fetched from upstreams in an hour. Clients on this machine and ' +
      'tokens with the scope `pull` have no limit.',
  ),
  BTFDEPOT_RECORD_AGE: setting(
    seconds,
    '1',
    'Age at which a record is read again: an update shows this much later.',
  ),
  BTFDEPOT_LIST_AGE: setting(
    seconds,
    '10',
    'Age at which the list of all kernels is read again when it is searched.',
  ),
};

export type FetchSettings = Settings<typeof fetchSettings>;

/** All settings of the service. */
export const fetchServiceSettings = {
  ...commonSettings,
  ...storeSettings,
  ...fetchSettings,
  ...tokenSettings,
  ...publicKeySettings,
  ...publicSettings,
  ...leavingSettings('5', '30'),
  ...queueSettings,
  BTFDEPOT_REDIS_URL: setting(
    redisUrl.optional(),
    undefined,
    'The Redis of ingest, which fetches from upstreams what is asked for here; unset: nothing is.',
  ),
  BTFDEPOT_INGEST_URL: setting(
    httpUrl.optional(),
    undefined,
    'Address of ingest for clients; fetch names it when it refuses an upload.',
  ),
};
