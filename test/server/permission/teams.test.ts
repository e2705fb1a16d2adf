import { expect, onTestFinished, test } from 'vitest';
import type { Browser } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser, startBackendWithForge } from '../backend-with-forge.ts';

test('a team in the binding is asked for beside the repository permission, live; it never gives what that refuses', async () => {
  const backend = await startBackendWithForge();
  onTestFinished(() => backend.close());
  const id = await makeRepository(backend);
  await backend.repositories.discover();
  const browsers: Record<string, Browser> = {};
  for (const user of ['ada', 'wendy', 'rita']) browsers[user] = await signedInBrowser(backend, user);
  const [binding] = backend.configuration.bindings;
  if (!binding) throw new Error('no binding');
  binding.teams = { train: ['ml:Trainers', 'ml:others'], release: ['ml:release-managers'] };

  async function allowed(user: string): Promise<string> {
    backend.pass(10_000);
    const answer = await request(backend, browsers[user]!, 'GET', `api/v1/repositories/${id}`);
    expect(answer.statusCode, answer.body).toBe(200);
    const { permissions } = answer.json();
    return ['train', 'release'].map((right) => permissions[right].code ?? 'allowed').join(',');
  }
  async function team(name: string): Promise<number> {
    const made = await backend.forge.api('ada', 'POST', '/orgs/ml/teams', {
      name,
      permission: 'read',
      units: ['repo.code'],
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body.id;
  }
  const add = (group: number, user: string) =>
    backend.forge.api('ada', 'PUT', `/teams/${group}/members/${user}`);

  expect(await allowed('wendy')).toBe('team-missing,branch-unprotected');
  expect(await allowed('ada')).toBe('team-missing,team-missing');
  const trainers = await team('Trainers');
  const managers = await team('release-managers');
  await add(trainers, 'wendy');
  await add(trainers, 'rita');
  await add(managers, 'ada');
  expect(await allowed('wendy')).toBe('allowed,branch-unprotected');
  expect(await allowed('rita')).toBe('write-missing,write-missing');
  expect(await allowed('ada')).toBe('team-missing,allowed');

  await backend.forge.api('ada', 'DELETE', `/teams/${trainers}/members/wendy`);
  expect(await allowed('wendy')).toBe('team-missing,branch-unprotected');
  const { permissions } = (
    await request(backend, browsers.wendy!, 'GET', `api/v1/repositories/${id}`)
  ).json();
  expect(permissions.train.reason).toContain('one of the teams ml:Trainers, ml:others');
});
