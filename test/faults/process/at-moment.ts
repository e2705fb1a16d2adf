/**
 * Loaded with `--import` into a backend's process: counts the moments that it reaches, and ends or stops the process
 * at the one that it is armed for. What a process does at a moment is as sudden as a power cut: the signal is the
 * kernel's, no line of JavaScript runs after it.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Arming, FromProcess, ToProcess } from './words.ts';

const counts = new Map<string, number>();
let armed: Arming | null = JSON.parse(process.env.FAULTS_ARMING ?? 'null') as Arming | null;
let left = armed?.nth ?? 0;

subscribe('gitea-databricks:moment', (message) => {
  const moment = String(message);
  counts.set(moment, (counts.get(moment) ?? 0) + 1);
  if (armed === null || armed.moment !== moment) return;
  left -= 1;
  if (left > 0) return;
  const { signal } = armed;
  armed = null;
  process.kill(process.pid, signal);
});

process.on('message', (message: ToProcess) => {
  if (message.kind === 'arm') {
    armed = message.arming;
    left = armed?.nth ?? 0;
  }
  const answer: FromProcess = { kind: 'counts', number: message.number, counts: Object.fromEntries(counts) };
  process.send?.(answer, undefined, {}, () => {});
});
// Whoever waits for orders would never end by itself.
process.channel?.unref();
