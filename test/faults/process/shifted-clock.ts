/**
 * Loaded with `--import` into a backend's process: its wall clock is as far ahead of the machine's as the harness says.
 * Monotonic time, and so timers, stay as they are: that is how a machine behaves whose clock is set.
 */
import type { ToProcess } from './words.ts';

const RealDate = Date;
let aheadMs = Number(process.env.FAULTS_AHEAD_MS ?? 0);
const now = () => RealDate.now() + aheadMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});

process.on('message', (message: ToProcess) => {
  if (message.kind === 'set-clock') aheadMs = message.aheadMs;
});
