import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { statusOf, type KernelRecord } from '@btf-depot/contracts';
import { AnnounceLater, type Announcer, type Clock } from '@btf-depot/depot';
import { checkLiteral, PrivateAddress, publicLookup } from '@btf-depot/upstreams';

export interface WebhookOptions {
  url: URL;
  /** Of the HMAC. */
  key: Uint8Array;
  /** Whether the receiver may have a private address. */
  allowPrivate: boolean;
  /** Milliseconds for a delivery. */
  timeoutMs?: number;
  /** Lookup of names; tests have their own. */
  lookup?: ReturnType<typeof publicLookup>;
}

const WEBHOOK_DEFAULTS = { timeoutMs: 10_000 } as const;

/**
 * POSTs `{"type": "kernel.ready", "timestamp", "data": status}`, signed by Standard Webhooks
 * (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md): the id is the same
 * each time that a revision is announced. Redirects are not followed.
 */
export class Webhook implements Announcer {
  readonly #options: WebhookOptions;
  readonly #clock: Clock;
  /** Called if the receiver refuses for good. */
  readonly #onRefused: (error: Error) => void;

  constructor(options: WebhookOptions, clock: Clock, onRefused: (error: Error) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#onRefused = onRefused;
  }

  async announce(record: KernelRecord): Promise<void> {
    const id = `${record.buildId}-${record.revision}`;
    const timestamp = Math.floor(this.#clock.now().getTime() / 1000);
    const body = JSON.stringify({
      type: 'kernel.ready',
      timestamp: record.readyAt,
      data: statusOf(record),
    });
    const hmac = createHmac('sha256', this.#options.key).update(`${id}.${timestamp}.${body}`);
    const status = await this.#post(body, {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      'User-Agent': 'btf-depot',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,${hmac.digest('base64')}`,
    });
    if (status >= 200 && status < 300) return;
    const message = `the webhook answered ${status} for ${id}`;
    // The receiver understood and refused for good; other failures may be temporary.
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      this.#onRefused(new Error(message));
    } else throw new AnnounceLater(message, false);
  }

  /** @returns the status; the rest of the answer is not read. */
  async #post(body: string, headers: http.OutgoingHttpHeaders): Promise<number> {
    const { url, allowPrivate, timeoutMs = WEBHOOK_DEFAULTS.timeoutMs } = this.#options;
    const { lookup = publicLookup() } = this.#options;
    const checked = allowPrivate ? {} : { lookup };
    try {
      if (!allowPrivate) checkLiteral(url);
      return await new Promise((resolve, reject) => {
        const { request } = url.protocol === 'https:' ? https : http;
        const sent = request(url, {
          method: 'POST',
          headers,
          // A new connection for each delivery, so that each address is checked.
          agent: false,
          signal: AbortSignal.timeout(timeoutMs),
          ...checked,
        });
        sent.once('error', reject);
        sent.once('response', (answer) => {
          resolve(answer.statusCode ?? 0);
          answer.destroy();
        });
        sent.end(body);
      });
    } catch (cause) {
      const message = cause instanceof PrivateAddress ? cause.message : 'the webhook is not there';
      throw new AnnounceLater(message, true, { cause });
    }
  }
}
