import { setTimeout as sleep } from 'node:timers/promises';
/**
 * "0 lost, 0 doubled", in full: our store, the forge and the workspace are compared with each other once nothing is
 * under way any more. Each finding is a sentence; none is the only good answer. Longer than most modules, since each
 * invariant is one short function of the same facts.
 */
import { verifyChain } from '../../../src/server/audit/chain.ts';
import type { AuditRow } from '../../../src/server/store/schema.ts';
import type { RunEvent } from '../../../src/server/training/transitions.ts';
import { transitions } from '../../../src/server/training/transitions.ts';
import type { World } from '../world/world.ts';
import { botName } from '../world/world.ts';
import { commentObjections, shownHeads, statusObjections } from './heads.ts';
import type { StoredFacts, StoreView } from './store-view.ts';
import { readStore } from './store-view.ts';
import type { RemoteFact } from './workspace-view.ts';
import { remoteRuns, served } from './workspace-view.ts';

export interface Findings {
  lost: string[];
  doubled: string[];
  wrong: string[];
}

/**
 * What is lost, doubled or wrong once everything has come to rest. Something found is looked for once more after a
 * while: what is wrong stays so, while a comment that the reconciler has just had put in order is only on its way.
 */
export async function findViolations(world: World, view: StoreView): Promise<Findings> {
  const found = await look(world, view);
  if (found.lost.length + found.doubled.length + found.wrong.length === 0) return found;
  await sleep(3_000);
  return await look(world, view);
}

/** Compares everything. */
async function look(world: World, view: StoreView): Promise<Findings> {
  const stored = await readStore(view);
  const remote = await remoteRuns(world);
  const findings: Findings = { lost: [], doubled: [], wrong: [] };
  runsAtBoth(stored, remote, findings);
  verdicts(world, stored, findings);
  comments(world, stored, findings);
  statuses(world, stored, findings);
  const heads = await shownHeads(world);
  findings.wrong.push(...statusObjections(stored, heads), ...commentObjections(stored, heads));
  outgoing(stored, findings);
  await commands(view, stored, findings);
  await auditLog(stored, findings);
  await releases(world, view, stored, findings);
  return findings;
}

const repeated = (keys: readonly string[]): string[] =>
  [...Map.groupBy(keys, (key) => key)].flatMap(([key, all]) =>
    all.length > 1 ? [`${all.length} × ${key}`] : [],
  );

/** Per key one run here and at most one there; what was started here is there, what is there was started here. */
function runsAtBoth({ runs }: StoredFacts, remote: RemoteFact[], { lost, doubled, wrong }: Findings): void {
  const keys = runs.map((run) =>
    [
      run.repository_id,
      run.commit_sha,
      run.configuration_digest,
      run.parameter_digest,
      run.trust,
      run.attempt,
    ].join(' '),
  );
  doubled.push(...repeated(keys).map((key) => `runs of the key ${key}`));
  const marks = new Map(runs.flatMap(({ id, token, nonce }) => [[token, id] as const, [nonce, id] as const]));
  const ofRun = ({ mark }: RemoteFact) => marks.get(mark) ?? mark;
  doubled.push(...repeated(remote.map(ofRun)).map((id) => `runs at Databricks of ${id}`));
  const byRun = new Map(remote.map((run) => [ofRun(run), run]));
  for (const { name, mark } of remote)
    if (!marks.has(mark)) wrong.push(`${name} (${mark}) runs at Databricks, and here nobody knows of it`);
  for (const run of runs) {
    const there = byRun.get(run.id);
    const name = `run ${run.number} of ${run.repository_id} (${run.state})`;
    if (run.databricks_run_id !== null && there?.id !== run.databricks_run_id)
      lost.push(
        `${name} should be ${run.databricks_run_id} at Databricks, and is ${there?.id ?? 'not there'}`,
      );
    if (run.state === 'succeeded' && there?.result !== 'SUCCESS')
      wrong.push(`${name} is ${there?.result ?? 'nothing'} at Databricks`);
    if (there !== undefined && !there.ended) wrong.push(`${name} has ended here, and goes on at Databricks`);
  }
}

/** What ended well was judged, for every pull request that it belongs to. */
function verdicts(world: World, { runs, runPulls }: StoredFacts, { lost }: Findings): void {
  const of = Map.groupBy(runPulls, (row) => row.run_id);
  for (const run of runs) {
    if (run.state !== 'succeeded') continue;
    const pulls = of.get(run.id) ?? [];
    for (const { pull_index, verdict } of pulls)
      if (verdict === null) lost.push(`the verdict of run ${run.number} for pull request ${pull_index}`);
    if (pulls.length === 0 && run.verdict === null) lost.push(`the verdict of run ${run.number}`);
  }
  for (const fullName of world.repositories) {
    const repository = world.forge.repository(fullName);
    for (const pull of world.forge.forge.context.store.pulls.list({ repositoryId: repository.id })) {
      if (pull.state !== 'open') continue;
      const own = runs.filter(
        (run) => run.repository_id === repository.id && run.commit_sha === pull.headSha,
      );
      if (own.length === 0) lost.push(`the run of ${pull.headSha.slice(0, 10)} (${fullName}#${pull.index})`);
    }
  }
}

/** One comment of ours per pull request, and it speaks of the newest head. */
function comments(world: World, { runs, runPulls, reports }: StoredFacts, findings: Findings): void {
  const { lost, doubled, wrong } = findings;
  for (const fullName of world.repositories) {
    const repository = world.forge.repository(fullName);
    for (const pull of world.forge.forge.context.store.pulls.list({ repositoryId: repository.id })) {
      const name = `${fullName}#${pull.index}`;
      const own = world.forge.commentsOf(botName, pull);
      const ids = new Set(
        runPulls
          .filter((row) => row.repository_id === repository.id && row.pull_index === pull.index)
          .map((row) => row.run_id),
      );
      const finished = runs.some((run) => ids.has(run.id) && run.commit_sha === pull.headSha);
      if (own.length > 1) doubled.push(`${own.length} comments in ${name}`);
      if (own.length === 0) {
        if (finished) lost.push(`the comment in ${name}`);
        continue;
      }
      const [comment] = own as [(typeof own)[number]];
      if (!comment.body.includes(pull.headSha.slice(0, 10)))
        wrong.push(`the comment in ${name} does not speak of ${pull.headSha.slice(0, 10)}`);
      const remembered = reports.find(
        (row) => row.repository_id === repository.id && row.pull_index === pull.index,
      );
      if (remembered?.comment_id !== comment.id)
        wrong.push(
          `the remembered comment of ${name} is ${remembered?.comment_id ?? 'none'}, not ${comment.id}`,
        );
    }
  }
}

/**
 * The newest status of a commit is what was to be said last, and what was posted is a part of what was to be said, in
 * its order. One that is posted twice in a row says nothing new; it is the answer that got lost.
 */
function statuses(world: World, { outbox }: StoredFacts, { lost, wrong }: Findings): void {
  const said = Map.groupBy(
    outbox.filter(({ topic }) => topic === 'status'),
    ({ key }) => key,
  );
  for (const [key, rows] of said) {
    const [, repository, sha = ''] = key.split(':');
    const words = rows.map(({ payload }) => {
      const { state, description } = JSON.parse(payload) as { state: string; description: string };
      return `${state}: ${description}`;
    });
    const posted = (world.forge.statuses(Number(repository)).get(sha) ?? [])
      .map(({ state, description }) => `${state}: ${description}`)
      .filter((word, at, all) => word !== all[at - 1]);
    if (posted.length === 0) {
      lost.push(`the status of ${sha.slice(0, 10)}`);
      continue;
    }
    if (posted.at(-1) !== words.at(-1))
      wrong.push(`${sha.slice(0, 10)} shows "${posted.at(-1)}" instead of "${words.at(-1)}"`);
    let at = 0;
    for (const word of posted) {
      at = words.indexOf(word, at);
      if (at === -1) {
        wrong.push(`the statuses of ${sha.slice(0, 10)} came as ${posted.join(' | ')}`);
        break;
      }
    }
  }
}

/** Nothing waits, and nothing was given up. */
function outgoing({ outbox }: StoredFacts, { wrong }: Findings): void {
  for (const { topic, key, state, last_error } of outbox)
    if (state === 'pending' || state === 'parked') wrong.push(`${topic} ${key} is ${state}: ${last_error}`);
}

/** A command that asked for training, once or again, has one run; one that was to end a run ended it. */
async function commands(
  view: StoreView,
  { runs, audit }: StoredFacts,
  { lost, doubled }: Findings,
): Promise<void> {
  const all = await view.rows<{ repository_id: number; line: string; outcome: string }>(
    'select repository_id, line, outcome from commands',
  );
  const cancelled = audit
    .map(({ body }) => JSON.parse(body) as AuditBody)
    .filter(({ action }) => action === 'run.cancel-requested');
  for (const [repository, lines] of Map.groupBy(all, (row) => row.repository_id)) {
    const triggered = (by: string) =>
      runs.filter((run) => run.repository_id === repository && run.trigger === by).length;
    for (const [verb, found] of [
      ['train', triggered('manual')],
      ['retry', triggered('retry')],
      ['cancel', cancelled.filter((entry) => entry.repository === repository).length],
    ] as const) {
      const asked = lines.filter(
        ({ line, outcome }) => outcome === 'done' && line.startsWith(`/databricks ${verb}`),
      ).length;
      if (found < asked) lost.push(`${asked - found} of ${asked} things that commands asked for (${verb})`);
      if (found > asked) doubled.push(`${found} things that ${asked} commands asked for (${verb})`);
    }
  }
}

interface AuditBody {
  action: string;
  subject: string;
  repository: number | null;
  detail: Record<string, unknown>;
}

/** The chain is whole, and each thing that happens once was recorded once, in an order that the table allows. */
async function auditLog({ audit, runs, deliveries }: StoredFacts, findings: Findings): Promise<void> {
  const { wrong } = findings;
  const { intact, brokenAt } = await verifyChain(links(audit));
  if (!intact) wrong.push(`the audit log is broken at ${brokenAt}`);
  const entries = audit.map(({ body }) => JSON.parse(body) as AuditBody);
  const ofRuns = Map.groupBy(
    entries.filter(({ action }) => action.startsWith('run.')),
    ({ repository, subject }) => `${repository} ${subject}`,
  );
  for (const run of runs) lifeOf(run, ofRuns.get(`${run.repository_id} run ${run.number}`) ?? [], findings);
  const accepted = entries.filter(({ action }) => action === 'delivery.accepted').length;
  if (accepted !== deliveries.length)
    wrong.push(`${deliveries.length} deliveries are stored, ${accepted} are in the audit log`);
}

/** Walks through the table of transitions by what was recorded; it has to end where the run is. */
function lifeOf(run: StoredFacts['runs'][number], entries: AuditBody[], findings: Findings): void {
  const { lost, doubled, wrong } = findings;
  const name = `run ${run.number} of ${run.repository_id}`;
  const births = entries.filter(({ action }) => action === 'run.created').length;
  if (births === 0) lost.push(`the audit entry run.created of ${name}`);
  if (births > 1) doubled.push(`${births} audit entries run.created of ${name}`);
  const events = entries.flatMap(({ detail }) => (typeof detail.event === 'string' ? [detail.event] : []));
  doubled.push(...repeated(events).map((event) => `audit entries "${event}" of ${name}`));
  let state: string = run.trust === 'fork' ? 'waiting' : 'queued';
  for (const event of events) {
    const transition = transitions[event as RunEvent];
    if (!transition?.from.some((from) => from === state)) {
      wrong.push(`${name} was ${state} when "${event}" happened to it (${events.join(', ')})`);
      return;
    }
    state = transition.to;
  }
  if (state !== run.state) lost.push(`how ${name} became ${run.state}: ${events.join(', ')}`);
}

async function* links(rows: readonly AuditRow[]) {
  for (const { sequence, body, previous_hash, hash } of rows)
    yield { sequence, body, previousHash: previous_hash, hash };
}

/** Every release ended once, and production is where the last one that succeeded left it. */
async function releases(
  world: World,
  view: StoreView,
  { releases: all, audit, decisions }: StoredFacts,
  findings: Findings,
): Promise<void> {
  const { doubled, wrong, lost } = findings;
  const own = all.filter(({ kind }) => kind !== 'adopted');
  for (const { id, kind, to_version, state, error } of own)
    if (state === 'running' || state === 'partial')
      wrong.push(`the ${kind} to v${to_version} (${id}) is ${state}: ${error}`);
  // A release that was half done and finished by a person was started, and ended, once more.
  const entries = audit.map(({ body }) => JSON.parse(body) as AuditBody);
  const resumed = entries.filter(({ action, detail }) => action === 'release.started' && 'resolve' in detail);
  const steps = (await view.rows<{ state: string }>('select state from release_steps')).filter(
    ({ state }) => state === 'done',
  );
  for (const [action, expected] of [
    ['release.started', own.length + resumed.length],
    ['release.ended', own.length + resumed.length],
    ['release.step', steps.length],
  ] as const) {
    // A step that failed for good is recorded too.
    const found = entries.filter(
      (entry) => entry.action === action && (action !== 'release.step' || entry.detail.state === 'done'),
    ).length;
    if (action === 'release.step' && resumed.length > 0) continue;
    if (found < expected) lost.push(`${expected - found} audit entries ${action} of ${expected}`);
    if (found > expected) doubled.push(`${found} audit entries ${action} instead of ${expected}`);
  }
  const ofPulls = all.filter(({ kind, pull_index }) => kind === 'promotion' && pull_index !== null);
  doubled.push(
    ...repeated(ofPulls.map((one) => `${one.repository_id}#${one.pull_index}`)).map(
      (key) => `releases of ${key}`,
    ),
  );
  doubled.push(
    ...repeated(decisions.map((one) => `${one.repository_id}#${one.pull_index}`)).map(
      (key) => `decisions on ${key}`,
    ),
  );
  const last = all.findLast(({ state }) => state === 'succeeded' || state === 'adopted');
  if (!last) return;
  const { alias, endpoint } = await served(world);
  if (alias !== last.to_version) wrong.push(`the alias is at v${alias} instead of v${last.to_version}`);
  if (endpoint !== null && endpoint !== last.to_version)
    wrong.push(`the endpoint serves v${endpoint} instead of v${last.to_version}`);
}
