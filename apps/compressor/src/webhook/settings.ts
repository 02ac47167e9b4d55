import { systemClock, type Announcer } from '@btf-depot/depot';
import {
  httpUrl,
  kindOf,
  oneOf,
  setting,
  SettingsError,
  type Logger,
  type Settings,
} from '@btf-depot/service-kit';
import { z } from 'zod';
import { Webhook, type WebhookOptions } from './webhook.ts';

const webhookSecret = kindOf(
  '`whsec_` and base64 of 24 to 64 bytes',
  z.string().regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, {
    error: 'expected whsec_ and base64 of 24 to 64 bytes: openssl rand -base64 32',
  }),
);

export const webhookSettings = {
  BTFDEPOT_WEBHOOK: setting(
    httpUrl.optional(),
    undefined,
    'URL that the depot notifies of each ready kernel.',
  ),
  BTFDEPOT_WEBHOOK_SECRET: setting(
    webhookSecret.optional(),
    undefined,
    'Key that signs these notifications, shared with the receiver.',
  ),
  BTFDEPOT_WEBHOOK_PRIVATE: setting(
    oneOf('yes', 'no'),
    'no',
    'Whether the receiver may have a private address.',
  ),
};

/**
 * The announcer by the settings, as an option of the compressor.
 * @throws SettingsError for an address without a secret.
 */
export function announcerOf(
  settings: Settings<typeof webhookSettings>,
  log: Logger,
): { announcer?: Announcer } {
  const options = webhookOptions(settings);
  if (!options) return {};
  const onRefused = (error: Error) => log.error({ err: error }, 'not announced, and will not be');
  return { announcer: new Webhook(options, systemClock, onRefused) };
}

function webhookOptions(settings: Settings<typeof webhookSettings>): WebhookOptions | undefined {
  const { BTFDEPOT_WEBHOOK: url, BTFDEPOT_WEBHOOK_SECRET: secret } = settings;
  if (url === undefined) return undefined;
  if (secret === undefined) {
    throw new SettingsError(
      'BTFDEPOT_WEBHOOK_SECRET: BTFDEPOT_WEBHOOK needs it to sign notifications',
    );
  }
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return { url: new URL(url), key, allowPrivate: settings.BTFDEPOT_WEBHOOK_PRIVATE === 'yes' };
}
