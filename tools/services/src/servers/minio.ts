import { minioCommand } from '../programs.ts';
import { Server } from '../server.ts';
import type { SmallDisk } from '../small-disk.ts';

export interface MinioAddress {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface MinioServer extends MinioAddress {
  readonly server: Server;
  /** Restarts it with another secret key, and accepts only that one. */
  readonly restartWith: (secretKey: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const accessKey = 'btf-depot';
const secretKey = 'btf-depot-secret';

/**
 * Starts a private MinIO without buckets. Its data outlives `kill` and `restart`.
 * @param disk for its data.
 */
export async function startMinio(disk?: SmallDisk): Promise<MinioServer> {
  const host = '127.0.0.1';
  const [file, ...first] = [...(disk?.command ?? []), ...(await minioCommand())];
  const env = {
    MINIO_ROOT_USER: accessKey,
    MINIO_ROOT_PASSWORD: secretKey,
    MINIO_BROWSER: 'off',
    // Otherwise it would ask the network for a newer version.
    MINIO_UPDATE: 'off',
  };
  const server = await Server.start({
    name: 'minio',
    command: [file ?? '', ...first],
    args: (port, folder) => [
      'server',
      '--address',
      `${host}:${port}`,
      disk?.path ?? `${folder}/data`,
    ],
    env,
    // For a moment after it reports ready it answers 503, and refuses strangers only then.
    answers: (port) =>
      fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(5000) }).then(
        ({ status }) => status === 403,
        () => false,
      ),
  });
  const endpoint = `http://${host}:${server.port}`;
  return {
    endpoint,
    host,
    port: server.port,
    accessKey,
    secretKey,
    server,
    restartWith: async (changed) => {
      env.MINIO_ROOT_PASSWORD = changed;
      await server.restart();
    },
    stop: () => server.stop(),
  };
}
