import type { BoundModel } from '../config/server-configuration.ts';
import type { ReleaseStore } from './ports.ts';

/**
 * Whether a restored backup says something else about production than Databricks, and nothing was released since. What
 * moved it is not known, nor whether that was a rollback, whose hold is not known then either.
 *
 * @param champion asked only where a backup was restored
 */
export async function isMovedSinceBackup(
  releases: Pick<ReleaseStore, 'restoredAt' | 'lastSucceeded'>,
  model: Pick<BoundModel, 'name' | 'alias'>,
  champion: () => Promise<number | null>,
): Promise<boolean> {
  const restoredAt = await releases.restoredAt();
  if (restoredAt === null) return false;
  const last = await releases.lastSucceeded(model.name, model.alias);
  if (last === null || Date.parse(last.createdAt) > Date.parse(restoredAt)) return false;
  return last.toVersion !== (await champion());
}
