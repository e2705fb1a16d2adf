import { zeroSha } from '../git/git-repositories.ts';
import { refusePush } from '../protection/push-decision.ts';
import { defaultRule } from '../protection/rules.ts';
import { deletedBranch } from '../pull/synchronise.ts';
import { Refusal } from '../refusal.ts';
import { afterPush } from '../repository/after-push.ts';
import type { ProtectionRow, ProtectionRule } from '../store/rows.ts';
import { branchJson, protectionJson } from '../wire/branch-json.ts';
import { notFound } from './api-error.ts';
import type { Body } from './body.ts';
import { paged } from './paging.ts';
import { requireRepository } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** Branches and their protections. */
export function branchRoutes(route: AddRoute): void {
  const repo = ['repository'] as const;
  route('GET', '/repos/:owner/:repo/branches', repo, async (call) => {
    const repository = requireRepository(call);
    const refs = await call.forge.git.text(repository, [
      'for-each-ref',
      '--format=%(objectname) %(refname:lstrip=2)',
      'refs/heads',
    ]);
    const page = paged(call, refs.split('\n').filter(Boolean));
    return Promise.all(
      page.map((line) => branchJson(call.forge, repository, line.slice(41), line.slice(0, 40), call.user)),
    );
  });
  route('GET', '/repos/:owner/:repo/branches/*', repo, async (call) => {
    const repository = requireRepository(call);
    const name = call.param('*');
    const sha = await call.forge.git.ref(repository, `refs/heads/${name}`);
    if (sha === undefined) throw notFound();
    return branchJson(call.forge, repository, name, sha, call.user);
  });
  route('POST', '/repos/:owner/:repo/branches', repo, async (call) => {
    const repository = requireRepository(call, 'write');
    const { git } = call.forge;
    const name = call.body.required('new_branch_name');
    const from =
      call.body.text('old_ref_name') || call.body.text('old_branch_name') || repository.defaultBranch;
    const sha = await git.commit(repository, from);
    if (sha === undefined) throw new Refusal(404, 'The old branch does not exist');
    const ref = `refs/heads/${name}`;
    const valid = await git.run(repository, ['check-ref-format', ref], { accept: [0, 1] });
    if (valid.code !== 0) throw new Refusal(422, `invalid branch name: ${name}`);
    if ((await git.ref(repository, ref)) !== undefined) throw new Refusal(409, 'The branch already exists.');
    const update = { ref, before: zeroSha, after: sha };
    const refusal = await refusePush(call.forge, call.doer(), repository, update, {});
    if (refusal !== undefined) throw new Refusal(403, refusal);
    await git.run(repository, ['update-ref', ref, sha, zeroSha]);
    await afterPush(call.forge, call.doer(), repository, [update]);
    return call.created(await branchJson(call.forge, repository, name, sha, call.user));
  });
  route('DELETE', '/repos/:owner/:repo/branches/*', repo, async (call) => {
    const repository = requireRepository(call, 'write');
    const name = call.param('*');
    const ref = `refs/heads/${name}`;
    const before = await call.forge.git.ref(repository, ref);
    if (before === undefined) throw notFound();
    const refusal = await refusePush(
      call.forge,
      call.doer(),
      repository,
      { ref, before, after: zeroSha },
      {},
    );
    if (refusal !== undefined) throw new Refusal(403, refusal);
    await afterPush(call.forge, call.doer(), repository, [await deletedBranch(call.forge, repository, name)]);
  });

  const rules = '/repos/:owner/:repo/branch_protections';
  route('GET', rules, repo, (call) => {
    const repositoryId = requireRepository(call, 'admin').id;
    return call.forge.store.protections.list({ repositoryId }, { order: 'priority, id' }).map(protectionJson);
  });
  route('POST', rules, repo, (call) => {
    const repositoryId = requireRepository(call, 'admin').id;
    const { protections } = call.forge.store;
    const ruleName = call.body.text('rule_name') || call.body.text('branch_name');
    if (!ruleName) throw new Refusal(422, '[rule_name]: Required');
    if (protections.find({ repositoryId, ruleName }) !== undefined) {
      throw new Refusal(403, 'Branch protection already exist');
    }
    const row = protections.insert({
      repositoryId,
      ruleName,
      priority: call.body.number('priority') || protections.count({ repositoryId }) + 1,
      rule: changedRule(defaultRule, call.body),
      created: call.forge.now(),
      updated: call.forge.now(),
    });
    return call.created(protectionJson(row));
  });
  route('GET', `${rules}/*`, repo, (call) => protectionJson(protection(call)));
  route('PATCH', `${rules}/*`, repo, (call) => {
    const row = protection(call);
    const changes = { rule: changedRule(row.rule, call.body), updated: call.forge.now() };
    return protectionJson(call.forge.store.protections.update(row.id, changes));
  });
  route('DELETE', `${rules}/*`, repo, (call) => {
    call.forge.store.protections.remove({ id: protection(call).id });
  });
}

function protection(call: ApiCall): ProtectionRow {
  const repositoryId = requireRepository(call, 'admin').id;
  const row = call.forge.store.protections.find({ repositoryId, ruleName: call.param('*') });
  if (row === undefined) throw notFound();
  return row;
}

/** A rule with the body's fields taken over, each in the type the default has. */
function changedRule(rule: ProtectionRule, body: Body): ProtectionRule {
  const changed: Record<string, unknown> = { ...rule };
  for (const [name, value] of Object.entries(defaultRule)) {
    const read =
      typeof value === 'boolean'
        ? body.flag(name)
        : typeof value === 'number'
          ? body.number(name)
          : typeof value === 'string'
            ? body.text(name)
            : body.texts(name);
    if (read !== undefined) changed[name] = read;
  }
  return changed as unknown as ProtectionRule;
}
