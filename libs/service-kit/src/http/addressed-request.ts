import { IncomingMessage } from 'node:http';
import type { Express } from 'express';

/** A request with its sender's address, available ahead of Express too. */
export interface AddressedRequest extends IncomingMessage {
  /** The client's address: behind trusted proxies, the one that they name. */
  readonly ip: string | undefined;
}

/** The request class of the server, so that requests have it as those of `app` do. */
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
