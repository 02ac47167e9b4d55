/** Before the tests of every file; what it imports runs once in each process. */
import './equal-bytes.ts';
import { dropSettings } from './own-settings.ts';

dropSettings(process.env);
