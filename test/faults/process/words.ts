/** When, and how, a process is to be struck. */
export interface Arming {
  moment: string;
  /** The first time that it is reached from now on is 1. */
  nth: number;
  signal: 'SIGKILL' | 'SIGSTOP';
}

/** What a backend's process is told to do. Each is answered. */
export type Order =
  | { kind: 'arm'; arming: Arming | null }
  /** How often each moment was reached since the start. */
  | { kind: 'count' }
  /** From now on the wall clock is so many milliseconds ahead of the machine's. */
  | { kind: 'set-clock'; aheadMs: number };

/** From the harness to a backend's process. */
export type ToProcess = { number: number } & Order;

export interface FromProcess {
  kind: 'counts';
  number: number;
  counts: Record<string, number>;
}
