import type { CommandAnswers } from '../report/ports.ts';
import type { CommandStore } from './ports.ts';

/** What the report says about the newest command of a pull request, as long as its head is the same. */
export function createCommandAnswers(commands: Pick<CommandStore, 'latest'>): CommandAnswers {
  return {
    async forPull(repository, pull, head) {
      const latest = await commands.latest(repository, pull);
      if (!latest || latest.note === null || latest.head !== head) return null;
      return { kind: latest.outcome === 'told' ? 'info' : 'warning', text: latest.note };
    },
  };
}
