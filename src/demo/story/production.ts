import { adoptProduction, aliasVersion, endpointServes, newestVersion } from '../setup/catalog.ts';
import { waitUntil } from '../wait-until.ts';
import type { Stage } from './stage.ts';

/** What an admin does once: the first trained model becomes production, with an endpoint that serves it. */
export async function adoptFirstModel(stage: Stage): Promise<number | null> {
  const { workspace, production, principals, progress, signal } = stage;
  const version = await newestVersion(workspace, production.model);
  if (version === undefined) {
    progress.warn(
      `no version of ${production.model} is registered, so nothing can be put into production: see why the run failed, then start over with --fresh`,
    );
    return null;
  }
  await adoptProduction(workspace, production, version, principals);
  await awaitEndpoint(stage, version);
  signal.throwIfAborted();
  progress.line(`  ${production.alias} is version ${version}, served by ${production.endpoint}`);
  return version;
}

async function awaitEndpoint(stage: Stage, version: number): Promise<void> {
  const { workspace, production, progress, signal } = stage;
  try {
    await waitUntil(() => endpointServes(workspace, production.endpoint, version), {
      what: `version ${version} at the endpoint ${production.endpoint}`,
      within: 10 * 60_000,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    progress.warn((error as Error).message);
  }
}

/** Waits until a merged pull request's model is in production. @returns its version; undefined, and told, when it is not */
export async function awaitRelease(stage: Stage, pull: number, versionBefore: number | null) {
  const { workspace, production, progress, signal } = stage;
  try {
    const version = await waitUntil(
      async () => {
        const now = await aliasVersion(workspace, production);
        return now === versionBefore ? undefined : now;
      },
      { what: `the release of #${pull}`, within: 3 * 60_000, signal },
    );
    await awaitEndpoint(stage, version);
    progress.line(`  ${production.alias} is version ${version}, served by ${production.endpoint}`);
    return version;
  } catch (error) {
    signal.throwIfAborted();
    progress.warn(`${(error as Error).message}: see the comment in the pull request`);
    return undefined;
  }
}
