import { DatabaseSync } from 'node:sqlite';
import type {
  AuditRow,
  CommitTreeRow,
  DeliveryRow,
  OutboxRow,
  ReleaseRow,
  ReportRow,
  RunPullRow,
  RunRow,
} from '../../../src/server/store/schema.ts';

/** What is committed in a backend's store, read beside it. */
export interface StoreView {
  rows<Row>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

/** Reads a SQLite file while a backend writes it. */
export function sqliteView(path: string): StoreView {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  return {
    rows: async <Row>(sql: string) => database.prepare(sql).all() as Row[],
    close: async () => database.close(),
  };
}

/** A run as far as it says who speaks for a commit, and what. */
export type SpeakingRun = Pick<
  RunRow,
  | 'id'
  | 'repository_id'
  | 'number'
  | 'commit_sha'
  | 'tree_digest'
  | 'trust'
  | 'state'
  | 'configuration'
  | 'parameters'
  | 'verdict'
>;

/** Runs, and the files of each commit that was looked at. */
export interface SpeakingFacts {
  runs: SpeakingRun[];
  trees: Pick<CommitTreeRow, 'repository_id' | 'commit_sha' | 'tree_digest'>[];
}

export async function readSpeaking(view: StoreView): Promise<SpeakingFacts> {
  return {
    runs: await view.rows(
      `select id, repository_id, number, commit_sha, tree_digest, trust, state, configuration, parameters, verdict
       from runs`,
    ),
    trees: await readTrees(view),
  };
}

const readTrees = async (view: StoreView): Promise<SpeakingFacts['trees']> =>
  await view.rows('select repository_id, commit_sha, tree_digest from commit_trees');

/** Everything that must agree with the world outside. */
export interface StoredFacts extends SpeakingFacts {
  deliveries: Pick<DeliveryRow, 'id' | 'content_key' | 'state' | 'outcome' | 'repository_id'>[];
  runs: Omit<RunRow, 'histories'>[];
  runPulls: RunPullRow[];
  outbox: OutboxRow[];
  reports: ReportRow[];
  releases: ReleaseRow[];
  decisions: { repository_id: number; pull_index: number; outcome: string }[];
  audit: AuditRow[];
}

export async function readStore(view: StoreView): Promise<StoredFacts> {
  return {
    deliveries: await view.rows('select id, content_key, state, outcome, repository_id from deliveries'),
    runs: await view.rows(
      `select id, repository_id, number, token, nonce, commit_sha, tree_digest, branch, "trigger", trust, attempt, state,
         state_reason, configuration_digest, parameter_digest, configuration, parameters, databricks_run_id,
         model_version, verdict, error
       from runs order by id`,
    ),
    trees: await readTrees(view),
    runPulls: await view.rows('select * from run_pulls'),
    outbox: await view.rows('select * from outbox order by id'),
    reports: await view.rows('select * from reports'),
    releases: await view.rows('select * from releases order by id'),
    decisions: await view.rows('select repository_id, pull_index, outcome from promotion_decisions'),
    audit: await view.rows('select * from audit order by sequence'),
  };
}
