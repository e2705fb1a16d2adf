/** Where the demo tells what it does: one line per event, with the time since the start. */
export interface Progress {
  line(text: string): void;
  warn(text: string): void;
}

/** Progress on the terminal, e.g. ` 12 s  Users and their permissions`. */
export function terminalProgress(write: (text: string) => void, now: () => number = Date.now): Progress {
  const start = now();
  const at = () => `${String(Math.round((now() - start) / 1000)).padStart(4)} s  `;
  return {
    line: (text) => write(`${at()}${text}\n`),
    warn: (text) => write(`${at()}! ${text}\n`),
  };
}
