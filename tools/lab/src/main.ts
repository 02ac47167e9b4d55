// Fetches what the lab's tests run, so that the tier need not wait for it:
//   node tools/lab/src/main.ts
import { provideLab } from './programs.ts';

await provideLab();
