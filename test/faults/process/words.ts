/** When, and how, a process is to be struck. */
export interface Arming {
  moment: string;
  /** The first time that it is reached from now on is 1. */
  nth: number;
  signal: 'SIGKILL' | 'SIGSTOP';
}

/** From the harness to a backend's process. Each is answered. */
export type ToProcess = { number: number } & (
  | { kind: 'arm'; arming: Arming | null }
  /** How often each moment was reached since the start. */
  | { kind: 'count' }
);

export interface FromProcess {
  kind: 'counts';
  number: number;
  counts: Record<string, number>;
}
