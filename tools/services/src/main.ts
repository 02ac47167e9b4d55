// Fetches or builds the servers, so that the tier of the services need not wait for them:
//   node tools/services/src/main.ts
import { prometheusCommand } from './prometheus.ts';
import { clockLibrary, minioCommand, redisCommand } from './programs.ts';

await redisCommand();
await clockLibrary();
await prometheusCommand();
await minioCommand();
