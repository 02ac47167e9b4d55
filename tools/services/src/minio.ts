import { minioCommand } from './programs.ts';
import { Server } from './server.ts';
import type { SmallDisk } from './small-disk.ts';

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
  /** Starts it again with another secret key, which is the only one that it takes then. */
  readonly restartWith: (secretKey: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const accessKey = 'btf-depot';
const secretKey = 'btf-depot-secret';

/**
 * Starts a MinIO of one's own, without buckets. Its data outlives `kill` and `restart`.
 * @param disk for its data.
 */
export async function startMinio(disk?: SmallDisk): Promise<MinioServer> {
  const host = '127.0.0.1';
  const [file, ...first] = [...(disk?.command ?? []), ...(await minioCommand())];
  const env = {
    MINIO_ROOT_USER: accessKey,
    MINIO_ROOT_PASSWORD: secretKey,
    MINIO_BROWSER: 'off',
    // It would ask the network for a newer version.
    MINIO_UPDATE: 'off',
  };
  const server = await Server.start({
    name: 'minio',
    command: [file ?? '', ...first],
    args: (port, folder) => [
      ...['server', '--address', `${host}:${port}`, disk?.path ?? `${folder}/data`],
    ],
    env,
    // It says that it is ready, and yet answers 503 for a moment; then strangers are refused.
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
