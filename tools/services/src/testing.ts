import { describe, inject, it } from 'vitest';
import type { MinioAddress } from './minio.ts';
import type { Provided } from './provision/index.ts';
import type { RedisAddress } from './redis.ts';

/** Where the servers are that the tests of one run share. */
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
 * `describe` for tests that use the shared servers: take a bucket or key prefix of your own there.
 * A test that kills or flushes a server starts one of its own in here, with `startRedis` or
 * `startMinio`. Where a server is absent, one skipped test says why.
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
