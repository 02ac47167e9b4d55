// A real Redis and a real MinIO for tests, benches and development. To add a server: a file like
// redis.ts that describes its command line and how it answers, an entry in Services.
export { startHaproxy, startNginx, type Balancer } from './servers/balancers.ts';
export { startClock, type SettableClock } from './clock.ts';
export {
  debuginfodFind,
  gdbCommand,
  startDebuginfod,
  type DebuginfodServer,
} from './servers/debuginfod.ts';
export { load, type Load } from './load.ts';
export { startMinio, type MinioAddress, type MinioServer } from './servers/minio.ts';
export { node26 } from './servers/node-26.ts';
export { freePort } from './ports.ts';
export { OTHER_STORES } from './servers/other-stores.ts';
export { Absent } from './provision/index.ts';
export {
  prometheusCommand,
  promtoolCommand,
  startPrometheus,
  type Prometheus,
} from './servers/prometheus.ts';
export { startRedis, startValkey, type RedisAddress, type RedisServer } from './servers/redis.ts';
export { startSentinel, type Sentinel } from './servers/sentinel.ts';
export { Server, type ServerKind } from './server.ts';
export { archiving, balancing } from './programs.ts';
export { makeSmallDisk, type SmallDisk } from './small-disk.ts';
export { startNginxOf, startPythonOf, type StaticServer } from './servers/static-servers.ts';
export { startServices, type Services, type Started } from './services.ts';
