// Fetches or builds the servers in advance for the tier of the services:
//   node tools/services/src/main.ts
import { prometheusCommand } from './servers/prometheus.ts';
import { clockLibrary, minioCommand, redisCommand } from './programs.ts';

await redisCommand();
await clockLibrary();
await prometheusCommand();
await minioCommand();
