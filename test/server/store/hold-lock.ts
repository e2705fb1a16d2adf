/** A process that serves an SQLite database, as far as others can tell. Usage: hold-lock.ts PATH */
import { takeServingLock } from '../../../src/server/store/serving-lock.ts';

takeServingLock(process.argv[2] as string, 'cannot be served');
process.stdout.write('held\n');
setInterval(() => {}, 60_000);
