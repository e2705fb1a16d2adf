import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createGiteaForge } from '../../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../../src/server/gitea/gitea-http.ts';

interface Side {
  label: string;
  ref: string;
  repo_id: number;
  repo: unknown;
}
interface Answer {
  state: string;
  merged: boolean;
  head: Side;
  base: Side;
}

/** Gitea's own answers, as they were recorded. */
const recorded = (name: string): Answer =>
  JSON.parse(readFileSync(new URL(`../../fixtures/gitea/api/${name}.json`, import.meta.url), 'utf8')).body;

async function isFork(change: (answer: Answer) => void, name = 'pull-create'): Promise<boolean | undefined> {
  const answer = recorded(name);
  change(answer);
  const fetch = async () => Response.json(answer);
  const http = new GiteaHttp({ url: 'http://git.example.com', token: 't', userAgent: 'test/1', fetch });
  return (await createGiteaForge(http).pull({ owner: 'ml', name: 'wine' }, 1))?.fork;
}

test.each<[what: string, fork: boolean, change: (answer: Answer) => void, name?: string]>([
  ['a branch of the repository itself', false, () => {}],
  ['a branch of a fork', true, () => {}, 'pull-create-from-fork'],
  ['a fork that was deleted', true, ({ head }) => Object.assign(head, { repo_id: -1, repo: null })],
  [
    'refs/for/main, which needs read access only: the head names the repository itself, and no branch',
    true,
    ({ head, base }) =>
      Object.assign(head, { label: '', ref: 'refs/pull/1/head', repo_id: base.repo_id, repo: base.repo }),
  ],
  [
    'a merged pull request whose branch was deleted',
    false,
    (answer) => {
      Object.assign(answer, { state: 'closed', merged: true });
      answer.head.ref = 'refs/pull/1/head';
    },
  ],
  [
    'an open one whose branch is gone: nobody can say any more who pushed its head',
    true,
    ({ head }) => {
      head.ref = 'refs/pull/1/head';
    },
  ],
])('a pull request from %s: from outside %s', async (_, fork, change, name) => {
  expect(await isFork(change, name)).toBe(fork);
});
