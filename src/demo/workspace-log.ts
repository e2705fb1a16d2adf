import { appendFileSync } from 'node:fs';
import type { Logger } from '../emulator/databricks/context.ts';
import type { Progress } from './progress.ts';

/** The workspace's log as a file, one JSON document per line; what people wait for is on the terminal, too. */
export function workspaceLog(file: string, progress: Progress): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    const entry = { level, time: new Date().toISOString(), ...fields, message };
    appendFileSync(file, `${JSON.stringify(entry, plainErrors)}\n`, { mode: 0o600 });
  };
  const info = write('info');
  return {
    debug() {},
    info(fields, message) {
      if (message === 'making a virtual environment') {
        progress.line('  making a Python environment for the training: about a minute, once per machine');
      }
      info(fields, message);
    },
    warn: write('warn'),
    error: write('error'),
  };
}

/** An error's message and stack are not enumerable: JSON would show `{}`. */
function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value;
}
