import { describe, expect, it } from 'vitest';
import { matchesContext, matchingFiles } from '../../../src/emulator/gitea/protection/patterns.ts';
import { subscribedEvents } from '../../../src/emulator/gitea/webhooks/hook-events.ts';

describe('protected file patterns', () => {
  it.each([
    ['.gitea/databricks.yml', '.gitea/databricks.yml', true],
    ['.GITEA/*', '.gitea/databricks.yml', true],
    ['*.yml', '.gitea/databricks.yml', false],
    ['**/*.yml', '.gitea/databricks.yml', true],
    ['docs/**; train.py', 'train.py', true],
    ['', 'train.py', false],
  ])('%j holds %s: %s', (patterns, path, expected) => {
    expect(matchingFiles(patterns, [path]).length > 0).toBe(expected);
  });
});

describe('required status contexts', () => {
  it.each([
    ['databricks/*', 'databricks/train', true],
    ['databricks/*', 'databricks/train/deep', true],
    ['*', 'any/thing', true],
    ['ci.test', 'ci-test', false],
    ['databricks/train', 'databricks/train2', false],
    ['(', '(', true],
  ])('%s is met by %s: %s', (pattern, context, expected) => {
    expect(matchesContext(pattern, context)).toBe(expected);
  });
});

describe('the events a hook chooses', () => {
  it('pull_request stands for everything about pull requests', () => {
    expect(subscribedEvents(['pull_request'])).toEqual(
      expect.arrayContaining(['pull_request_sync', 'pull_request_comment', 'pull_request_review']),
    );
    expect(subscribedEvents(['pull_request'])).not.toContain('push');
  });
  it('nothing stands for pushes, and unknown names for nothing', () => {
    expect(subscribedEvents([])).toEqual(['push']);
    expect(subscribedEvents(['nonsense'])).toEqual([]);
  });
});
