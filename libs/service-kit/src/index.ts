/**
 * Code shared by the services around the use cases: settings, log, HTTP server with health and
 * problem answers, and an orderly end.
 *
 * To add a setting of several services: its line in settings/common.ts, or in the file whose code
 * reads it. To add a check of readiness: ReadinessChecks (readiness.ts). To add a metric:
 * metrics/metrics.ts, and its row in docs/metrics.md, which a test compares.
 */
export { type AddressedRequest } from './http/addressed-request.ts';
export { startAdmin } from './admin.ts';
export { clientOf } from './http/client-of.ts';
export { commonHeaders } from './http/common-headers.ts';
export { startHttpService, type HttpService } from './http/http-service.ts';
export { auditLog, createLogger, type Logger } from './logger.ts';
export { commandSigner, moduleSettings, moduleSigning } from './keys/module-signing.ts';
export { Metrics } from './metrics/metrics.ts';
export { onlyMethods } from './http/problems.ts';
export { publicListener } from './http/public-listener.ts';
export { ReadinessChecks, type Check, type Checks } from './readiness.ts';
export { recordHandlers } from './http/record-handlers.ts';
export { RepeatedWarnings } from './repeated-warnings.ts';
export { stopReading } from './http/refuse-ahead.ts';
export { runService, runUntilSignal, type Running } from './run.ts';
export { routesElsewhere } from './http/routes-elsewhere.ts';
export { serveRoutes, type Asked, type Handlers } from './http/serve-routes.ts';
export {
  publicKeySettings,
  readPublicKeyFiles,
  readPublicKeys,
  readSigningKeys,
  signingSettings,
} from './keys/signing-keys.ts';
export { isLoopback, tokenGuards, tokenSettings, type Guards } from './keys/tokens.ts';
export {
  commonSettings,
  dataSettings,
  logSettings,
  publicSettings,
  queueAddress,
  queueSettings,
  retryRules,
  retrySettings,
  storeAddress,
  storeSettings,
} from './settings/common.ts';
export {
  byteSize,
  httpUrl,
  redisUrl,
  isGiven,
  kindOf,
  oneOf,
  path,
  readSettings,
  seconds,
  setting,
  type Settings,
  SettingsError,
  someSeconds,
  wholeNumber,
} from './settings/declare.ts';
export { leavingSettings } from './settings/leaving.ts';
export { flagHelp, settingsHelp, settingsTable } from './settings/describe.ts';
