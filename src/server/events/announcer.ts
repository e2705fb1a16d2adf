import type { ChangeEvent } from '../../contract/event.ts';

/** Port: tells the viewers what changed, after the transaction committed. Never throws. */
export interface Announcer {
  announce(change: Omit<ChangeEvent, 'version'>): void;
}
