/** Every event a hook can get in this forge, in the order in which the API lists them. */
const events = [
  'pull_request_milestone',
  'delete',
  'release',
  'issue_comment',
  'pull_request',
  'pull_request_comment',
  'pull_request_sync',
  'fork',
  'repository',
  'pull_request_review',
  'create',
  'push',
  'pull_request_assign',
  'pull_request_label',
  'pull_request_review_request',
  'issues',
  'wiki',
  'package',
  'status',
  'workflow_run',
  'workflow_job',
];

/**
 * The events that a request's list stands for: `pull_request` covers everything about pull requests (Gitea's
 * `pullHook`), `issues` covers issue comments; names nobody knows are dropped.
 */
export function subscribedEvents(requested: readonly string[]): string[] {
  const wanted = requested.length === 0 ? ['push'] : requested;
  const covers = (event: string): boolean =>
    wanted.includes(event) ||
    (event.startsWith('pull_request') && wanted.includes('pull_request')) ||
    (event === 'pull_request_review' && wanted.some((one) => one.startsWith('pull_request_review_'))) ||
    (event === 'issue_comment' && wanted.includes('issues'));
  return events.filter(covers);
}
