import type { ParkedMessage } from '../../../contract/outbox.ts';

const words: Record<ParkedMessage['topic'], string> = {
  status: 'Commit status',
  report: 'Comment',
  reaction: 'Answer to a command',
  upload: 'Files',
  submit: 'Start',
  cancel: 'Cancellation',
  promote: 'Promotion after a merge',
};

/** What the message is: "Commit status", "Start". */
export const messageText = ({ topic }: Pick<ParkedMessage, 'topic'>): string => words[topic];

/** Who did not take it. A promotion asks Databricks for production, and Gitea for the merge. */
export function refusedBy({ topic }: Pick<ParkedMessage, 'topic'>): string {
  if (topic === 'promote') return 'Gitea or Databricks';
  return topic === 'status' || topic === 'report' || topic === 'reaction' ? 'Gitea' : 'Databricks';
}

/** "1 message could not be delivered" */
export function parkedTitle(count: number, number: (value: number) => string): string {
  return `${number(count)} ${count === 1 ? 'message' : 'messages'} could not be delivered`;
}
