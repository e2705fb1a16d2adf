/** Thrown by a handler whose time has not come yet: tried again after `delayMs` without counting an attempt. */
export class Postpone extends Error {
  readonly delayMs: number;

  constructor(delayMs: number, reason: string) {
    super(reason);
    this.name = 'Postpone';
    this.delayMs = delayMs;
  }
}
