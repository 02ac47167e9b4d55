// Fetches the programs of the lab's tests in advance:
//   node tools/lab/src/main.ts
import { provideLab } from './programs/programs.ts';

await provideLab();
