// Import this before the schemas are made: zod compiles them with `new Function`, which the page's
// Content-Security-Policy forbids and reports.
import { config } from 'zod';

config({ jitless: true });
