import { bucketSettings, startProcess, urlOf, type StartedProcess } from './processes.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

const NAMES = ['ingest', 'compressor', 'fetch'] as const;

export type ServiceName = (typeof NAMES)[number];

/** Addresses of Redis and MinIO; a bucket of its own keeps each depot apart. */
export interface Servers {
  redisUrl: string;
  minio: { endpoint: string; accessKey: string; secretKey: string };
  bucket: string;
}

/**
 * The three services as processes, with real servers.
 * @param settings for all of them, besides those of the servers.
 * @param own settings for each alone.
 */
export async function startServiceProcesses(
  servers: Servers,
  settings: Record<string, string> = {},
  own: Partial<Record<ServiceName, Record<string, string>>> = {},
) {
  const data = new TemporaryFolder();
  const environment = {
    BTFDEPOT_REDIS_URL: servers.redisUrl,
    ...bucketSettings({ ...servers.minio, bucket: servers.bucket }),
    BTFDEPOT_DATA: data.path,
    BTFDEPOT_PORT: '0',
    BTFDEPOT_LOG_LEVEL: 'debug',
    // No balancer precedes them, unless a test sets one.
    BTFDEPOT_DRAIN: '0',
    ...settings,
  };
  const running: Partial<Record<ServiceName, StartedProcess>> = {};
  const urls: Partial<Record<ServiceName, string>> = {};
  const start = async (name: ServiceName): Promise<StartedProcess> => {
    const process = startProcess(`apps/${name}/src/main.ts`, [], {
      ...environment,
      ...own[name],
    });
    running[name] = process;
    urls[name] = await urlOf(process);
    return process;
  };
  const stop = async () => {
    const codes = await Promise.all(Object.values(running).map((process) => process.stop()));
    data[Symbol.dispose]();
    return codes;
  };
  try {
    for (const name of NAMES) await start(name);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    process(name: ServiceName): StartedProcess {
      const process = running[name];
      if (!process) throw new Error(`${name} is not running`);
      return process;
    },
    url: (name: ServiceName) => urls[name] ?? '',
    start,
    /**
     * Another process of a service; the caller stops it.
     * @param others its own settings.
     * @param within the beginning of its command.
     * @param version the folder of an earlier version of the project; absent: this one.
     */
    async startAnother(
      name: ServiceName,
      others: Record<string, string> = {},
      within: readonly string[] = [],
      version = '.',
    ) {
      const all = { ...environment, ...others };
      const process = startProcess(`${version}/apps/${name}/src/main.ts`, [], all, within);
      return { process, url: await urlOf(process) };
    },
    environment,
    stop,
  };
}
