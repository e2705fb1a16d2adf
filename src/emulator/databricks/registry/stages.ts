import { invalid } from '../errors.ts';
import type { Level } from '../permission/privileges.ts';

const stages = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof stages)[number];

/** A stage in its own spelling; clients write it in any case. @throws ApiError 400 */
export function stageOf(text: string): Stage {
  const stage = stages.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (!stage)
    throw invalid(`Invalid Model Version stage: ${text}. Value must be one of ${stages.join(', ')}.`);
  return stage;
}

/** A version in one of these stages is in use: it is neither deleted nor renamed. */
export const isActive = (stage: Stage) => stage === 'Staging' || stage === 'Production';

/** The level that may move a version between two stages (Databricks, "MLflow Model ACLs"). */
export const levelToMove = (from: Stage, to: Stage): Level<'registered-models'> =>
  from === 'Production' || to === 'Production'
    ? 'CAN_MANAGE_PRODUCTION_VERSIONS'
    : 'CAN_MANAGE_STAGING_VERSIONS';
