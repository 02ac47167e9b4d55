import { systemClock, type Announcer } from '@btf-depot/depot';
import { SettingsError, type Logger, type Settings } from '@btf-depot/service-kit';
import { z } from 'zod';
import { Webhook, type WebhookOptions } from './webhook.ts';

export const webhookSettings = {
  /** Where it is told that a kernel is ready; without, nowhere. */
  BTFDEPOT_WEBHOOK: z.url({ protocol: /^https?$/ }).optional(),
  /** `whsec_` and base64 of 24 to 64 random bytes, which the receiver knows too. */
  BTFDEPOT_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, {
      error: 'expected whsec_ and base64 of 24 to 64 bytes: openssl rand -base64 32',
    })
    .optional(),
  /** Whether the receiver may have an address that is not a public one. */
  BTFDEPOT_WEBHOOK_PRIVATE: z.enum(['yes', 'no']).default('no'),
};

/**
 * The announcer that the settings ask for, as a member of what the compressor is given.
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
    throw new SettingsError('BTFDEPOT_WEBHOOK_SECRET: needed to sign what BTFDEPOT_WEBHOOK gets');
  }
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return { url: new URL(url), key, allowPrivate: settings.BTFDEPOT_WEBHOOK_PRIVATE === 'yes' };
}
