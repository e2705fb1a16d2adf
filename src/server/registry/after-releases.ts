import type { BoundModel } from '../config/server-configuration.ts';
import type { Endpoint } from './endpoint.ts';
import type { Known } from './last-known.ts';
import type { StoredRelease } from './release.ts';

/** When what was never read was read: before everything. */
export const never = '';

/** The oldest time of what is not of now; null: nothing is, or it was never read. */
export function oldest(times: readonly (string | null)[]): string | null {
  return times.filter((at) => at !== null && at !== never).toSorted()[0] ?? null;
}

/** Our own release that ended after the answer was read: it knows better. */
function since(
  asOf: string | null,
  releases: readonly StoredRelease[],
  { alias }: BoundModel,
): StoredRelease | undefined {
  if (asOf === null) return undefined;
  return releases.find(
    (release) =>
      release.alias === alias &&
      (release.state === 'succeeded' || release.state === 'undone') &&
      release.endedAt !== null &&
      release.endedAt > asOf,
  );
}

/** Aliases as they must be by now. @param releases newest first */
export function aliasesAfter(
  { value, asOf }: Known<Record<string, number>>,
  releases: readonly StoredRelease[],
  model: BoundModel,
): Record<string, number> {
  const release = since(asOf, releases, model);
  const version = release?.state === 'undone' ? release.fromVersion : release?.toVersion;
  return version === undefined || version === null ? value : { ...value, [model.alias]: version };
}

/** The endpoint as it must be by now. @param releases newest first */
export function endpointAfter(
  { value, asOf }: Known<Endpoint | null>,
  releases: readonly StoredRelease[],
  model: BoundModel,
): Endpoint | null {
  const traffic = since(asOf, releases, model)?.is?.traffic ?? null;
  if (value === null || traffic === null) return value;
  const served = value.served.map((entry) => ({
    ...entry,
    percentage: entry.version === traffic ? 100 : 0,
  }));
  return { ...value, served };
}
