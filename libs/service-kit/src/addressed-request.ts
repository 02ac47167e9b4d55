import { IncomingMessage } from 'node:http';
import type { Express } from 'express';

/** A request that says, ahead of Express too, whom it is from. */
export interface AddressedRequest extends IncomingMessage {
  /** The client's address: behind proxies that are trusted, the one that they name. */
  readonly ip: string | undefined;
}

/** What a server makes its requests of, so that they say it as those of `app` do. */
export function addressedRequests(app: Express) {
  return class extends IncomingMessage implements AddressedRequest {
    get app(): Express {
      return app;
    }

    get ip(): string | undefined {
      return Reflect.get(app.request, 'ip', this);
    }
  };
}
