import type { HttpServiceOptions } from './http-service.ts';
import type { commonSettings, publicSettings } from '../settings/common.ts';
import type { Settings } from '../settings/declare.ts';
import type { LeavingSettings } from '../settings/leaving.ts';
import type { Guards } from '../keys/tokens.ts';

/**
 * The options of `startHttpService` from the settings of a public service.
 * @param takesUploads without a token guard, such a service is only for this machine.
 */
export function publicListener(
  settings: Pick<Settings<typeof commonSettings>, 'BTFDEPOT_HOST' | 'BTFDEPOT_PORT'> &
    Settings<typeof publicSettings> &
    LeavingSettings,
  guards: Guards,
  takesUploads: boolean,
) {
  return {
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    drainMs: settings.BTFDEPOT_DRAIN,
    graceMs: settings.BTFDEPOT_GRACE,
    readers: guards.reads,
    trustedProxies: settings.BTFDEPOT_TRUSTED_PROXIES,
    pages: {
      allowedHosts: settings.BTFDEPOT_ALLOWED_HOSTS,
      onlyHere: takesUploads && guards.writes === undefined,
    },
  } satisfies Partial<HttpServiceOptions>;
}
