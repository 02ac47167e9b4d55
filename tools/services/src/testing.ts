import { describe, inject, it } from 'vitest';
import type { MinioAddress } from './servers/minio.ts';
import type { Provided } from './provision/index.ts';
import type { RedisAddress } from './servers/redis.ts';

/** Addresses of the servers that the tests of one run share. */
export interface Addresses {
  readonly redis: RedisAddress;
  readonly minio: MinioAddress;
}

declare module 'vitest' {
  export interface ProvidedContext {
    services: { readonly [S in keyof Addresses]: Provided<Addresses[S]> };
  }
}

/**
 * `describe` for tests with the shared servers: use your own bucket or key prefix there. A test
 * that kills or flushes a server starts a private one inside, with `startRedis` or `startMinio`. If
 * a server is missing, one skipped test tells why.
 */
export function describeWithServices<S extends keyof Addresses>(
  needed: readonly S[],
  name: string,
  body: (services: Pick<Addresses, S>) => void,
): void {
  describe(name, () => {
    const provided = inject('services');
    const found: Partial<Addresses> = {};
    for (const service of needed) {
      const one = provided[service];
      if ('absent' in one) {
        it(`needs ${service}`, (context) => context.skip(one.absent));
        return;
      }
      Object.assign(found, { [service]: one.value });
    }
    body(found as Pick<Addresses, S>);
  });
}
